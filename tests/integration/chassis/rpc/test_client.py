"""The RPC client of services, whose deadline holds whatever the broker and the other service do."""

import time
from collections.abc import Callable
from typing import Any

import eventlet
import nameko.messaging
import pytest
from amqp.exceptions import RecoverableConnectionError
from eventlet.event import Event as Signal
from nameko.testing.utils import get_extension

from chassis.amqp.consumer import QueueConsumer
from chassis.auth.caller import Caller
from chassis.errors import Conflict, DeadlineExceeded, ServiceError, Unavailable
from chassis.rpc.client import ReplyListener
from orders.contract import Order, OrderPlaced, PlaceOrder
from tests.integration.chassis.conftest import ADA, PublishEvent, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc
from tests.integration.support.tcp_proxy import TcpProxy

TEA: dict[str, Any] = {"item": "tea", "quantity": 3}
DEADLINE = 2  # seconds
LATEST = 15  # seconds; nothing but the deadline ends these calls


@pytest.fixture(autouse=True)
def short_deadline(settings: Settings) -> None:
    settings["rpc"]["deadline"] = DEADLINE


def pending_replies(runner: Any) -> dict[str, Any]:
    """Return the calls of the invoices service that wait for a reply; late replies must not make them grow."""
    (invoices,) = [container for container in runner.containers if container.service_name == "invoices"]
    pending: dict[str, Any] = get_extension(invoices, ReplyListener)._reply_events  # noqa: SLF001 - Nameko's
    return pending


def test_call_returns_the_reply_and_is_in_the_name_of_the_service_without_the_user(start: Start, rpc: Rpc) -> None:
    start(SampleOrders, SampleInvoices)
    assert rpc("invoices.reorder", ADA, **TEA).items() >= TEA.items()
    assert SampleOrders.callers == [Caller("invoices")]


def test_error_of_the_called_service_is_raised_and_can_be_passed_on(
    start: Start, rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(*_: object) -> None:
        raise Conflict("The item is sold out.", "sold_out")

    start(SampleOrders, SampleInvoices)
    monkeypatch.setattr("orders.service._place", reject)
    with pytest.raises(Conflict) as error:
        rpc("invoices.reorder", **TEA)
    assert (error.value.detail, error.value.code) == ("The item is sold out.", "sold_out")


def test_call_without_a_reply_fails_at_the_deadline(start: Start, rpc: Rpc) -> None:
    runner = start(SampleOrders, SampleInvoices)
    pause = SampleOrders.pause = Signal()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        rpc("invoices.reorder", **TEA)
    assert DEADLINE - 0.1 < time.monotonic() - started < LATEST
    assert pending_replies(runner) == {}
    pause.send()
    SampleOrders.pause = None
    assert rpc("invoices.reorder", item="coffee", quantity=4)["quantity"] == 4, "the late reply is ignored"


def test_no_call_is_sent_before_its_reply_has_a_queue(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply without a queue is lost: the call would wait until its deadline."""
    connecting, declare = Signal(), Signal()
    get_consumers = nameko.messaging.QueueConsumer.get_consumers

    def wait_before_queues_are_declared(consumer: QueueConsumer, *arguments: Any) -> Any:
        connecting.send(consumer)
        declare.wait()
        return get_consumers(consumer, *arguments)

    monkeypatch.setattr(nameko.messaging.QueueConsumer, "get_consumers", wait_before_queues_are_declared)
    starting = eventlet.spawn(start, SampleInvoices)
    consumer: QueueConsumer = connecting.wait()
    try:
        with pytest.raises(RecoverableConnectionError):
            consumer.sending_channel()
    finally:
        declare.send()
        starting.wait()
    assert consumer.sending_channel()


def test_request_to_a_stopped_service_expires_with_its_deadline(
    start: Start, rpc: Rpc, raw_client: RawAmqpClient, until: Until
) -> None:
    start(SampleOrders).kill()
    runner = start(SampleInvoices)
    with pytest.raises(DeadlineExceeded):
        rpc("invoices.reorder", **TEA)
    assert pending_replies(runner) == {}
    until(lambda: raw_client.depth("rpc-orders") == 0)


def test_call_to_a_service_without_a_queue_fails_at_once(start: Start, rpc: Rpc) -> None:
    runner = start(SampleInvoices)
    with pytest.raises(Unavailable):  # not DeadlineExceeded, so it did not wait
        rpc("invoices.reorder", **TEA)
    assert pending_replies(runner) == {}


@pytest.mark.parametrize(
    ("interrupt", "error", "earliest"),
    [(TcpProxy.freeze, DeadlineExceeded, DEADLINE - 0.1), (TcpProxy.cut, Unavailable, 0)],
    ids=["paused", "unavailable"],
)
def test_call_fails_in_time_while_the_broker_is_paused_or_unavailable(
    start_behind_proxy: Start,
    broker_proxy: TcpProxy,
    publish_event: PublishEvent,
    until: Until,
    interrupt: Callable[[TcpProxy], None],
    error: type[ServiceError],
    earliest: float,
) -> None:
    durations: list[float] = []

    def handle(invoices: SampleInvoices, _event: OrderPlaced) -> None:
        if not durations:
            interrupt(broker_proxy)
            eventlet.sleep(0.1)
            started = time.monotonic()
            with pytest.raises(error):
                invoices.rpc_client.call("orders.place", PlaceOrder(item="tea", quantity=1), Order)
            durations.append(time.monotonic() - started)
            broker_proxy.restore()

    SampleInvoices.handle = handle
    start_behind_proxy(SampleOrders, SampleInvoices)
    publish_event(1)
    until(lambda: durations)
    assert earliest <= durations[0] < LATEST
