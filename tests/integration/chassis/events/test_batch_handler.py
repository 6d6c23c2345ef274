"""Handlers of batches: order, failures, unfinished events, lost connections."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import eventlet
import pytest
from eventlet.event import Event as Signal
from nameko.runners import ServiceRunner
from nameko.testing.utils import get_container

from chassis.events.batch_handler import Batch, BatchEventHandler, event_batch_handler
from chassis.observability import correlation
from chassis.observability.logs import ContextFilter
from chassis.service import Service
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import PublishEvent, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.conftest import Settings, Until
from tests.integration.support.tcp_proxy import TcpProxy

QUEUE = "evt-orders-order_placed--batches.on_order_placed"
PARKED = f"parked.{QUEUE}"
SIZE = 4

Handle = Callable[[list[int]], Any]


class BatchInvoices(Service):
    """Records the quantities of each batch, then runs `handle`, which may return those of unfinished events."""

    name = "batches"
    received: ClassVar[list[list[int]]] = []
    requests: ClassVar[list[str]] = []
    handle: ClassVar[Handle]

    @event_batch_handler(OrderPlaced, size=SIZE)
    def on_order_placed(self, events: Batch[OrderPlaced]) -> list[OrderPlaced]:
        quantities = [event.quantity for event in events]
        self.received.append(quantities)
        unfinished = BatchInvoices.handle(quantities) or ()
        self.requests.extend(correlation.request_id.get() for _ in events.in_context())
        return [event for event in events if event.quantity in unfinished]


@pytest.fixture(autouse=True)
def nothing_received(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings["service_token_issuers"] += [BatchInvoices.name]
    monkeypatch.setattr(BatchInvoices, "received", [])
    monkeypatch.setattr(BatchInvoices, "requests", [])
    monkeypatch.setattr(BatchInvoices, "handle", lambda _quantities: None, raising=False)


@pytest.fixture
def first_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Signal]:
    """The first batch waits for this signal; then it, and all later ones, run what was `handle`."""
    released = Signal()
    handle = BatchInvoices.handle

    def wait(quantities: list[int]) -> Any:
        if len(BatchInvoices.received) == 1:
            released.wait()
        return handle(quantities)

    monkeypatch.setattr(BatchInvoices, "handle", wait)
    yield released
    if not released.ready():
        released.send()


def handled() -> list[int]:
    return [quantity for batch in BatchInvoices.received for quantity in batch]


def handler_of(runner: ServiceRunner) -> BatchEventHandler:
    (handler,) = (one for one in get_container(runner, BatchInvoices).entrypoints if isinstance(one, BatchEventHandler))
    return handler


def fail_with(*bad: int) -> Handle:
    """Return a `handle` that fails for batches with one of these quantities."""

    def handle(quantities: list[int]) -> None:
        if set(bad) & set(quantities):
            raise KeyError("bad")

    return handle


@pytest.fixture
def collected(
    start: Start, publish_event: PublishEvent, until: Until, raw_client: RawAmqpClient
) -> Callable[..., ServiceRunner]:
    """Start the service, publish one event that is handled alone, and others that collect meanwhile."""

    def collected(*quantities: object) -> ServiceRunner:
        runner = start(BatchInvoices)
        handler = handler_of(runner)
        publish_event(1)
        until(lambda: BatchInvoices.received)
        for quantity in quantities:
            publish_event(quantity, f"r-{quantity}")
        # The broker counts events as delivered that have not arrived yet.
        until(lambda: len(handler._collected) == min(len(quantities), 2 * SIZE - 1))  # noqa: SLF001 - nothing else shows it
        assert raw_client.depth(QUEUE) == max(0, len(quantities) + 1 - 2 * SIZE)
        return runner

    return collected


def test_single_event_is_handled_at_once(start: Start, publish_event: PublishEvent, until: Until) -> None:
    start(BatchInvoices)
    publish_event(1)
    until(lambda: BatchInvoices.received == [[1]])


def test_events_that_arrive_during_a_batch_are_the_next_batches_in_order(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, raw_client: RawAmqpClient
) -> None:
    collected(*range(2, 13))
    first_batch.send()
    until(lambda: len(handled()) == 12)
    assert handled() == list(range(1, 13))
    assert BatchInvoices.received[:2] == [[1], [2, 3, 4, 5]]
    until(lambda: raw_client.depth(QUEUE) == 0)


def test_bad_event_in_a_batch_is_parked_alone(
    collected: Callable[..., ServiceRunner],
    first_batch: Signal,
    raw_client: RawAmqpClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    until: Until,
) -> None:
    settings["retry"]["delays"] = []
    collected(2, 3, 4, 5)
    handle = fail_with(3)
    monkeypatch.setattr(BatchInvoices, "handle", handle)
    first_batch.send()
    parked = raw_client.get(PARKED)
    assert '"quantity":3' in str(parked.body)
    until(lambda: len(BatchInvoices.received) > 6)
    assert BatchInvoices.received[1:] == [[2, 3, 4, 5], [2], [3, 4], [3], [4], [5]]


def test_batches_grow_again_after_one_failed(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected(2, 3, 4, 5)
    monkeypatch.setattr(BatchInvoices, "handle", lambda _: 1 / 0 if len(BatchInvoices.received) == 2 else None)
    first_batch.send()
    until(lambda: BatchInvoices.received[1:] == [[2, 3, 4, 5], [2], [3, 4], [5]])


def test_invalid_event_in_a_batch_is_parked_and_the_others_are_one_batch(
    collected: Callable[..., ServiceRunner], first_batch: Signal, raw_client: RawAmqpClient, until: Until
) -> None:
    collected(2, "three", 4)
    first_batch.send()
    assert raw_client.get(PARKED).properties["application_headers"]["baraza.error"] == "invalid"
    until(lambda: BatchInvoices.received == [[1], [2, 4]])


def test_failed_events_are_retried_together(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected(2, 3)
    monkeypatch.setattr(BatchInvoices, "handle", lambda _: 1 / 0 if len(BatchInvoices.received) <= 4 else None)
    first_batch.send()
    until(lambda: sorted(handled()[1:]) == sorted([2, 3] * 3))


def test_unfinished_event_is_handled_again_behind_those_that_wait(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected(2, 3, 4, 5, 6)
    monkeypatch.setattr(BatchInvoices, "handle", lambda _: {2} if handled().count(2) < 3 else None)
    first_batch.send()
    until(lambda: handled().count(2) == 3)
    assert handled()[:7] == [1, 2, 3, 4, 5, 6, 2]


def test_each_event_of_a_batch_has_its_own_request_id(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(ContextFilter())
    collected(2, 3)
    first_batch.send()
    until(lambda: len(BatchInvoices.requests) == 3)
    assert BatchInvoices.requests == ["r-1", "r-2", "r-3"]

    def lines() -> list[Any]:
        return [record for record in caplog.records if record.name == "chassis.events.handler"]

    until(lambda: len(lines()) == 3)
    assert [(line.request_id, getattr(line, "batch_request", None)) for line in lines()] == [
        ("r-1", None),
        ("r-2", "r-2"),
        ("r-3", "r-2"),
    ]


def test_events_are_redelivered_after_the_connection_was_lost_during_a_batch(
    start_behind_proxy: Start, broker_proxy: TcpProxy, publish_event: PublishEvent, until: Until
) -> None:
    def drop(_quantities: list[int]) -> None:
        if len(BatchInvoices.received) == 1:
            broker_proxy.drop()
            eventlet.sleep(0.1)

    BatchInvoices.handle = drop
    start_behind_proxy(BatchInvoices)
    for quantity in range(1, 7):
        publish_event(quantity)
    until(lambda: {*range(1, 7)} <= {quantity for batch in BatchInvoices.received[1:] for quantity in batch})


def test_stopping_process_finishes_its_batch_and_leaves_other_events_queued(
    collected: Callable[..., ServiceRunner], first_batch: Signal, until: Until, raw_client: RawAmqpClient
) -> None:
    runner = collected(2, 3)
    handler = handler_of(runner)
    stopping = eventlet.spawn(runner.stop)
    until(lambda: handler._stopping)  # noqa: SLF001 - nothing else shows it
    first_batch.send()
    stopping.wait()
    assert handled() == [1]
    until(lambda: raw_client.depth(QUEUE) == 2)
