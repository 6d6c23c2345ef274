"""The gateway's side of RabbitMQ in its own green world: run with `python -m gevent.monkey --module pytest`."""

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.monkey import is_module_patched

from chassis import config
from gateway.broker import Broker
from gateway.rpc_client import RpcClient
from tests.gateway.support.line import Line
from tests.gateway.support.responder import Responder

LIMIT = 5  # seconds in which a connection is made, also again


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    if not is_module_patched("socket"):
        pytest.exit("the gateway is tested under `python -m gevent.monkey --module pytest`", returncode=2)
    return config.load("gateway")


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
def service(settings: dict[str, Any]) -> Iterator[Callable[..., Responder]]:
    """Run a service that answers as a test wants."""
    running: list[Responder] = []

    def service(answer: Callable[[dict[str, Any]], Any]) -> Responder:
        running.append(Responder(settings["AMQP_URI"], answer))
        return running[-1]

    yield service
    for responder in running:
        responder.close()
