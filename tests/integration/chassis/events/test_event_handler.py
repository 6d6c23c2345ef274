"""Event handlers: retries, dead letters, and lost connections."""

import itertools
import json
import time
from collections import Counter
from functools import partial

import eventlet
import pytest
from prometheus_client import REGISTRY

from chassis.errors import DeadlineExceeded, ServiceError, Unavailable
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import PublishEvent, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, fail, fail_times
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc
from tests.integration.support.tcp_proxy import TcpProxy

QUEUE = "evt-orders-order_placed--invoices.on_order_placed"
PARKED = f"parked.{QUEUE}"
LATEST = 15  # seconds; on a busy machine a retry may take long


def outcomes() -> Counter[str]:
    """Return the metric of the handler's outcomes."""
    labels = {"service": "invoices", "handler": "on_order_placed"}
    value = partial(REGISTRY.get_sample_value, "baraza_event_seconds_count")
    return Counter({name: int(value(labels | {"outcome": name}) or 0) for name in ("retried", "parked")})


def test_failing_handler_is_retried_after_each_delay(
    start: Start, publish_event: PublishEvent, settings: Settings, until: Until
) -> None:
    times: list[float] = []

    def handle(invoices: SampleInvoices, event: OrderPlaced) -> None:
        times.append(time.monotonic())
        fail_times(2)(invoices, event)

    settings["retry"]["delays"] = [1, 2]
    SampleInvoices.handle = handle
    start(SampleInvoices)
    publish_event(1)
    until(lambda: len(times) == 3)
    delays = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert [0.9 < delays[0] < LATEST, 1.9 < delays[1] < LATEST] == [True, True]
    assert SampleInvoices.received == [1, 1, 1]


def test_event_is_parked_with_its_error_after_the_last_attempt(
    start: Start, publish_event: PublishEvent, raw_client: RawAmqpClient, settings: Settings, until: Until
) -> None:
    settings["retry"]["delays"] = [1]
    before = outcomes()
    SampleInvoices.handle = fail
    start(SampleInvoices)
    event_id = publish_event(1)
    parked = raw_client.get(PARKED)
    until(lambda: outcomes() == before + Counter(retried=1, parked=1))
    headers = parked.properties["application_headers"]
    assert json.loads(parked.body)["quantity"] == 1
    assert (headers["baraza.attempt"], headers["baraza.error"]) == (2, "no_printer")
    assert parked.properties["message_id"] == event_id
    assert parked.properties["delivery_mode"] == 2
    assert headers["nameko.request_id"] == "r-1"
    assert SampleInvoices.received == [1, 1]
    assert raw_client.depth(QUEUE) == raw_client.depth(f"retry.1.{QUEUE}") == 0


@pytest.mark.parametrize("error", [Unavailable("Down."), DeadlineExceeded("Late.")], ids=["unavailable", "late"])
def test_event_of_an_outage_returns_soon_however_often_its_handler_failed(
    start: Start, publish_event: PublishEvent, settings: Settings, until: Until, error: ServiceError
) -> None:
    def handle(invoices: SampleInvoices, _event: OrderPlaced) -> None:
        if len(invoices.received) < 5:
            raise error

    settings["retry"]["delays"] = [1, 1, 600]
    SampleInvoices.handle = handle
    start(SampleInvoices)
    publish_event(1)
    until(lambda: len(SampleInvoices.received) == 5)


def test_event_of_an_outage_is_parked_if_it_does_not_end(
    start: Start, publish_event: PublishEvent, raw_client: RawAmqpClient, settings: Settings
) -> None:
    def handle(_invoices: SampleInvoices, _event: OrderPlaced) -> None:
        raise Unavailable("Down.")

    settings["retry"]["delays"] = [1, 1]
    SampleInvoices.handle = handle
    start(SampleInvoices)
    publish_event(1)
    headers = raw_client.get(PARKED).properties["application_headers"]
    assert (headers["baraza.attempt"], headers["baraza.error"]) == (3, "unavailable")


def test_parked_event_can_be_published_again_by_hand(
    start: Start, publish_event: PublishEvent, raw_client: RawAmqpClient, settings: Settings, until: Until
) -> None:
    settings["retry"]["delays"] = []
    SampleInvoices.handle = fail_times(1)
    start(SampleInvoices)
    publish_event(1)
    parked = raw_client.get(PARKED)
    raw_client.publish("", QUEUE, parked.body, **parked.properties)
    until(lambda: SampleInvoices.received == [1, 1])


def test_event_is_handled_once_by_two_processes_of_a_service(
    start: Start, publish_event: PublishEvent, until: Until, raw_client: RawAmqpClient
) -> None:
    start(SampleInvoices)
    start(SampleInvoices)
    for quantity in range(20):
        publish_event(quantity)
    until(lambda: len(SampleInvoices.received) >= 20)
    eventlet.sleep(0.1)
    assert sorted(SampleInvoices.received) == list(range(20))
    assert raw_client.depth(QUEUE) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_event_is_redelivered_after_the_handler_lost_its_connection(
    start_behind_proxy: Start,
    broker_proxy: TcpProxy,
    publish_event: PublishEvent,
    until: Until,
    rpc: Rpc,
    *,
    fails: bool,
) -> None:
    def handle(invoices: SampleInvoices, _event: OrderPlaced) -> None:
        if len(invoices.received) == 1:
            broker_proxy.drop()
            if fails:
                raise KeyError
            eventlet.sleep(0.1)

    SampleInvoices.handle = handle
    start_behind_proxy(SampleInvoices)
    publish_event(1)
    until(lambda: SampleInvoices.received == [1, 1])
    rpc("invoices.ping")


def test_deleted_retry_queue_is_declared_again(
    start: Start, publish_event: PublishEvent, settings: Settings, until: Until, raw_client: RawAmqpClient
) -> None:
    settings["retry"]["delays"] = [3, 3]  # so long that the event is seen in the queue
    SampleInvoices.handle = fail_times(2)
    start(SampleInvoices)
    publish_event(1)
    until(lambda: raw_client.depth(f"retry.3.{QUEUE}") == 1)
    raw_client.delete(f"retry.3.{QUEUE}")
    SampleInvoices.received.clear()
    publish_event(2)
    until(lambda: SampleInvoices.received == [2, 2, 2])


def test_handler_waits_only_seconds_for_a_broker_that_does_not_confirm(
    start_behind_proxy: Start,
    broker_proxy: TcpProxy,
    publish_event: PublishEvent,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("chassis.amqp.consumer.CONFIRM_TIMEOUT", 0.5)

    def handle(invoices: SampleInvoices, _event: OrderPlaced) -> None:
        if len(invoices.received) == 1:
            broker_proxy.freeze()
            raise KeyError

    SampleInvoices.handle = handle
    start_behind_proxy(SampleInvoices)
    publish_event(1)
    until(lambda: "could not be moved" in caplog.text)
    broker_proxy.thaw()
    until(lambda: len(SampleInvoices.received) >= 2)
