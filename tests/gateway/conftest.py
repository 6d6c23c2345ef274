"""The gateway's side of RabbitMQ in its own green world: run with `python -m gevent.monkey --module pytest`.

It has the broker's user that it has in earnest, and may do no more.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import gevent
import pytest
from gevent.monkey import is_module_patched

from chassis import config
from dev.platform.programs import process_variables
from gateway.broker import Broker
from gateway.rpc_client import RpcClient
from tests.gateway.support.line import Line
from tests.gateway.support.responder import Responder

LIMIT = 5  # seconds in which a connection is made, also again


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    if not is_module_patched("socket"):
        pytest.exit("the gateway is tested under `python -m gevent.monkey --module pytest`", returncode=2)
    return config.load("gateway") | process_variables(os.environ, "gateway.app")


@pytest.fixture(scope="session")
def made_up(settings: dict[str, Any]) -> str:
    """Return an AMQP_URI for services whose names are made up: the administrator's, since no user is theirs."""
    administrator = urlsplit(os.environ["BARAZA_RABBITMQ_MANAGEMENT"]).netloc.partition("@")[0]
    parts = urlsplit(settings["AMQP_URI"])
    return str(parts._replace(netloc=f"{administrator}@{parts.hostname}:{parts.port or 5672}").geturl())


@pytest.fixture
def line(settings: dict[str, Any]) -> Iterator[Line]:
    """Stand between the gateway and the broker."""
    with Line(settings["AMQP_URI"]) as line:
        yield line


@pytest.fixture
def broker(settings: dict[str, Any], line: Line) -> Broker:
    return Broker(settings | {"AMQP_URI": line.uri})


@pytest.fixture
def rpc(settings: dict[str, Any], broker: Broker) -> Iterator[RpcClient]:
    rpc = RpcClient(settings)
    broker.subscribe(rpc)
    running = gevent.spawn(broker.run)
    assert broker.connected.wait(LIMIT)
    yield rpc
    running.kill()


@pytest.fixture
def service(made_up: str) -> Iterator[Callable[..., Responder]]:
    """Run a service that answers as a test wants."""
    running: list[Responder] = []

    def service(answer: Callable[[dict[str, Any]], Any]) -> Responder:
        running.append(Responder(made_up, answer))
        return running[-1]

    yield service
    for responder in running:
        responder.close()
