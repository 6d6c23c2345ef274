"""Batches without a broker: how they are cut, retried and settled."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import eventlet
import pytest

from chassis.amqp import message_context
from chassis.contract import Event
from chassis.events import batch_handler
from chassis.events.batch_handler import Batch, BatchEventHandler
from chassis.events.handler import Received
from chassis.observability import correlation

SIZE = 3

Handle = Callable[[list[int]], Any]


class OrderPlaced(Event):
    source: ClassVar[str] = "orders"
    type: ClassVar[str] = "order_placed"

    quantity: int


class Handler(BatchEventHandler):
    """A handler whose container runs the worker at once, and whose broker records what becomes of the messages."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(OrderPlaced, size=SIZE)
        self.batches: list[list[int]] = []
        self.settled: list[tuple[str, str]] = []
        self.arrived = 0
        self.handle = handle
        self.method_name = "on_order_placed"
        self.container = SimpleNamespace(
            service_name="invoices", spawn_worker=self.run_worker, spawn_managed_thread=lambda *_, **__: None
        )
        consumer = SimpleNamespace(ack_up_to=lambda message: self.settle("acknowledged up to", message))
        self.queue_consumer = cast("Any", consumer)
        self._retries: Any = SimpleNamespace(retry=self.moved("retried"), postpone=self.moved("continued"))

    def run_worker(self, _entrypoint: Any, args: Any, _kwargs: Any, *, context_data: Any, handle_result: Any) -> None:
        assert context_data["request_id"].startswith("r-")
        (events,) = args
        self.batches.append([event.quantity for event in events])
        try:
            unfinished = self.handle(self.batches[-1]) or ()
        except KeyError as error:
            handle_result(None, None, (type(error), error, None))
        else:
            handle_result(None, [event for event in events if event.quantity in unfinished], None)

    def settle(self, how: str, message: Any) -> None:
        self.settled.append((how, message.properties["message_id"]))

    def moved(self, outcome: str) -> Callable[..., str]:
        def move(message: Any, *_: Any) -> str:
            self.settle(outcome, message)
            return outcome

        return move

    def _receive(self, body: Any, message: Any) -> Received | None:
        event_id = message.properties["message_id"]
        if body is None:  # invalid, and parked
            return None
        return Received(event_id, OrderPlaced(quantity=body), message, {"request_id": f"r-{event_id}"})

    def deliver(self, *quantities: int | None, connected: bool = True) -> None:
        """Deliver messages, then handle them."""
        for quantity in quantities:
            self.arrive(quantity, connected=connected)
        self._run()

    def arrive(self, quantity: int | None, *, connected: bool = True) -> None:
        """Collect a message; messages are numbered from 1."""
        self.arrived += 1
        channel = SimpleNamespace(connection=connected)
        self.collect(quantity, SimpleNamespace(properties={"message_id": str(self.arrived)}, channel=channel))


def fail_for(quantity: int) -> Handle:
    def handle(quantities: list[int]) -> None:
        if quantity in quantities:
            raise KeyError(quantity)

    return handle


def test_waiting_events_are_handled_in_order_in_batches_with_one_acknowledgement() -> None:
    handler = Handler(lambda _: None)
    handler.deliver(1, 2, 3, 4)
    assert handler.batches == [[1, 2, 3], [4]]
    assert handler.settled == [("acknowledged up to", "3"), ("acknowledged up to", "4")]
    assert (handler.tracker.handled, handler.tracker.running) == (["1", "2", "3", "4"], False)


def test_events_that_arrive_soon_after_a_batch_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        handler.arrive(3)

    monkeypatch.setattr(eventlet, "sleep", sleep)
    handler = Handler(lambda _: None)
    handler.deliver(1)
    assert waits == []
    handler.deliver(2)
    assert handler.batches == [[1], [2, 3]]
    assert len(waits) == 1
    assert 0 < waits[0] <= batch_handler.INTERVAL


def test_full_batch_is_handled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventlet, "sleep", lambda _seconds: pytest.fail("it waits"))
    handler = Handler(lambda _: None)
    handler.deliver(1, 2, 3, 4, 5, 6)
    assert handler.batches == [[1, 2, 3], [4, 5, 6]]


def test_after_a_failure_batches_grow_from_one_event_and_only_the_bad_one_is_retried() -> None:
    handler = Handler(fail_for(2))
    handler.deliver(1, 2, 3)
    assert handler.batches == [[1, 2, 3], [1], [2, 3], [2], [3]]
    assert handler.settled == [("acknowledged up to", "1"), ("retried", "2"), ("acknowledged up to", "3")]


def test_unfinished_events_are_moved_before_the_others_are_acknowledged() -> None:
    handler = Handler(lambda _: {3})
    handler.deliver(1, 2, 3)
    assert handler.settled == [("continued", "3"), ("acknowledged up to", "2")]


def test_invalid_events_are_no_part_of_the_batch() -> None:
    handler = Handler(lambda _: None)
    handler.deliver(1, None, 3)
    assert handler.batches == [[1, 3]]


def test_events_whose_connection_was_lost_are_not_handled() -> None:
    handler = Handler(lambda _: None)
    handler.deliver(1, 2, connected=False)
    assert (handler.batches, handler.settled, handler.tracker.busy()) == ([], [], [])


def test_handler_that_stops_leaves_the_rest_to_the_broker() -> None:
    handler = Handler(lambda _: setattr(handler, "_stopping", True))
    handler.deliver(1, 2, 3, 4)
    assert handler.batches == [[1, 2, 3]]


def test_each_event_has_the_context_of_its_request() -> None:
    events = [(OrderPlaced(quantity=number), {"request_id": f"r-{number}"}) for number in (1, 2)]
    batch = Batch(events)
    message_context.enter(events[0][1])
    assert [correlation.request_id.get() for _ in batch.in_context()] == ["r-1", "r-2"]
    assert correlation.request_id.get() == "r-1"
    assert (len(batch), batch[1].quantity, [event.quantity for event in batch[:1]]) == (2, 2, [1])
