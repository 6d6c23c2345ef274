"""The web gateway's connections to RabbitMQ and Redis; run with `python -m gevent.monkey --module pytest`.

It connects as the RabbitMQ user `gateway`, with that user's permissions.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import gevent
import pytest
from gevent.monkey import is_module_patched

from chassis import config
from dev.platform.programs import process_variables
from gateway.rpc.broker import Broker
from gateway.rpc.client import RpcClient
from tests.gateway.support.responder import Responder
from tests.integration.support.keys import set_keys
from tests.integration.support.tcp_proxy import TcpProxy

LIMIT = 30  # seconds until a connection is made, lost or made again


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    with gevent.Timeout(LIMIT, AssertionError("the condition did not become true")):
        while not condition():
            gevent.sleep(0.01)


def amqp_uri(module: str) -> str:
    """Return the AMQP_URI of a program, with its own RabbitMQ user unless RabbitMQ is the user's."""
    return process_variables(os.environ, module).get("AMQP_URI") or os.environ["AMQP_URI"]


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    if not is_module_patched("socket"):
        pytest.exit("the gateway is tested under `python -m gevent.monkey --module pytest`", returncode=2)
    set_keys()
    settings: dict[str, Any] = config.load("gateway") | {"AMQP_URI": amqp_uri("gateway.app")}
    return settings


@pytest.fixture(scope="session")
def admin_amqp_uri(settings: dict[str, Any]) -> str:
    """Return the AMQP_URI of the administrator, for services whose random names no RabbitMQ user has."""
    administrator = urlsplit(os.environ["BARAZA_RABBITMQ_MANAGEMENT"]).netloc.partition("@")[0]
    parts = urlsplit(settings["AMQP_URI"])
    return str(parts._replace(netloc=f"{administrator}@{parts.hostname}:{parts.port or 5672}").geturl())


@pytest.fixture
def broker_proxy(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    proxy = TcpProxy(settings["AMQP_URI"])
    yield proxy
    proxy.close()


@pytest.fixture
def broker(settings: dict[str, Any], broker_proxy: TcpProxy) -> Broker:
    return Broker(settings | {"AMQP_URI": broker_proxy.uri})


@contextmanager
def running(broker: Broker) -> Iterator[None]:
    """Connect to the broker until the end of the block."""
    greenlet = gevent.spawn(broker.run)
    try:
        assert broker.connected.wait(LIMIT)
        yield
    finally:
        greenlet.kill()


@pytest.fixture
def wait() -> float:
    """Return how many seconds a call waits for its turn; a test may replace it."""
    return 1


@pytest.fixture
def rpc(settings: dict[str, Any], broker: Broker, wait: float) -> Iterator[RpcClient]:
    options = settings["gateway"]["rpc"] | {"wait": wait}
    rpc = RpcClient(settings | {"gateway": settings["gateway"] | {"rpc": options}})
    broker.subscribe(rpc)
    with running(broker):
        yield rpc


@pytest.fixture
def service(admin_amqp_uri: str) -> Iterator[Callable[..., Responder]]:
    """Run a service whose replies `answer` returns."""
    running: list[Responder] = []

    def service(answer: Callable[[dict[str, Any]], Any]) -> Responder:
        running.append(Responder(admin_amqp_uri, answer))
        return running[-1]

    yield service
    for responder in running:
        responder.close()
