"""The queue of requests is transient if the setting says so; one that exists already is used as it is."""

from collections.abc import Callable
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from nameko.exceptions import UnknownService

from chassis.errors import ServiceError
from tests.integration.chassis.conftest import ADA, Start
from tests.integration.chassis.sample_service import SampleOrders
from tests.integration.conftest import Until
from tests.integration.support.rpc import Rpc

DURABLE, TRANSIENT, QUORUM = (True, "classic"), (False, "classic"), (True, "quorum")  # durable, type

Kind = tuple[bool, str]
FindKind = Callable[[], Kind]


@pytest.fixture
def kind(rabbit_manager: Any, rabbit_config: dict[str, str]) -> FindKind:
    """Return how the queue was declared."""

    def kind() -> Kind:
        queue = rabbit_manager.get_queue(rabbit_config["vhost"], "rpc-orders")
        return queue["durable"], queue["arguments"].get("x-queue-type", "classic")

    return kind


@pytest.fixture
def transient(settings: dict[str, Any]) -> None:
    settings["rpc"]["queue"] = "transient"


def declare(settings: dict[str, Any], kind: Kind) -> None:
    """Declare the queue as another release or another broker does."""
    durable, queue_type = kind
    arguments = {"x-queue-type": queue_type} if queue_type == "quorum" else None
    exchange = Exchange("nameko-rpc", "topic", durable=True)
    with Connection(settings["AMQP_URI"]) as connection:
        queue = Queue("rpc-orders", exchange, "orders.*", durable=durable, queue_arguments=arguments)
        queue(connection.default_channel).declare()


def answers(rpc: Rpc) -> bool:
    """Return whether the service answers a call."""
    try:
        rpc("orders.record_caller", ADA)
    except (ServiceError, UnknownService):
        return False
    return True


def test_queue_is_durable_by_default(start: Start, rpc: Rpc, kind: FindKind) -> None:
    start(SampleOrders)
    assert answers(rpc)
    assert kind() == DURABLE


@pytest.mark.usefixtures("transient")
def test_queue_is_transient_if_the_setting_says_so(start: Start, rpc: Rpc, kind: FindKind) -> None:
    start(SampleOrders)
    assert answers(rpc)
    assert kind() == TRANSIENT


@pytest.mark.usefixtures("transient")
@pytest.mark.parametrize("existing", [QUORUM, DURABLE])
def test_queue_that_the_previous_release_declared_is_used(
    start: Start, rpc: Rpc, settings: dict[str, Any], kind: FindKind, existing: Kind
) -> None:
    declare(settings, existing)
    start(SampleOrders)
    assert answers(rpc)
    declare(settings, existing)  # as a process of the previous release does
    assert kind() == existing


@pytest.mark.usefixtures("transient")
def test_deleted_quorum_queue_becomes_transient_without_a_restart(
    start: Start, rpc: Rpc, settings: dict[str, Any], until: Until, kind: FindKind
) -> None:
    declare(settings, QUORUM)
    start(SampleOrders)
    with Connection(settings["AMQP_URI"]) as connection:
        connection.default_channel.queue_delete("rpc-orders")
    until(lambda: answers(rpc))
    assert kind() == TRANSIENT


def test_unknown_kind_of_queue_stops_the_start(start: Start, settings: dict[str, Any]) -> None:
    settings["rpc"]["queue"] = "memory"
    with pytest.raises(ValueError, match=r"rpc\.queue"):
        start(SampleOrders)
