"""Event handlers that take many events at a time: one transaction, one call and one acknowledgement for all of them.

    @event_batch_handler(OrderPlaced, size=100)
    def on_order_placed(self, events: Batch[OrderPlaced]) -> None: ...

A batch consists of the events that are there, in the order of arrival: a single event is handled at once. While a batch
is handled, the next one collects, for INTERVAL at least unless it is full. If a batch fails, one of its events is
handled again alone, and after each success twice as many: so an event that always fails is retried and parked alone,
and a backlog is soon handled after an outage.

The method may return events that are not finished, such as long ones of which it did a part: they go to the end of the
queue, behind the events that wait, and are handled again.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, overload

from eventlet.event import Event as Signal
from kombu import Message as AmqpMessage
from nameko.containers import WorkerContext

from chassis.amqp import message_context
from chassis.amqp.consumer import Collector
from chassis.contract import Event
from chassis.events.handler import EventHandler, Received, id_of
from chassis.minimum_interval import MinimumInterval
from chassis.observability import correlation

# Seconds from the start of a batch to that of the next: of a batch of one event, an event costs ten times as much as of
# a batch of 20.
INTERVAL = 0.05

AnyEvent = TypeVar("AnyEvent", bound=Event)

_log = logging.getLogger(__name__)


class Batch(Sequence[AnyEvent], Generic[AnyEvent]):
    """The events of a batch, in the order of arrival. The request id and the trace are those of the first event."""

    def __init__(self, events: Sequence[tuple[AnyEvent, dict[str, Any]]]) -> None:
        self._events = events

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> AnyEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[AnyEvent]: ...
    def __getitem__(self, index: int | slice) -> AnyEvent | list[AnyEvent]:
        if isinstance(index, slice):
            return [event for event, _ in self._events[index]]
        return self._events[index][0]

    def in_context(self) -> Iterator[AnyEvent]:
        """Yield each event with the request id and the trace of its own request, for logs, calls and events."""
        for event, context in self._events:
            message_context.enter(context)
            yield event
        message_context.enter(self._events[0][1])


class BatchEventHandler(Collector, EventHandler):
    """Handles one event type in batches; a process handles one batch at a time."""

    def __init__(self, event: type[Event], *, size: int = 100, **kwargs: Any) -> None:
        self.size = size
        self.prefetch = 2 * size  # one batch that is handled, and one that collects
        self._collected: deque[tuple[Any, AmqpMessage]] = deque()
        self._running = self._stopping = False
        self._interval = MinimumInterval(INTERVAL)
        super().__init__(event, **kwargs)

    def collect(self, body: Any, message: AmqpMessage) -> None:
        """Add a message to the next batch."""
        self.tracker.start(id_of(message))
        self._collected.append((body, message))
        if not self._running:
            self._running = True
            self.container.spawn_managed_thread(self._run, identifier=f"batches of {self.method_name}")

    def stop(self) -> None:
        """Finish the batch that is being handled; the broker delivers all others again."""
        self._stopping = True
        super().stop()

    def _run(self) -> None:
        """Handle batches until there are no more events."""
        try:
            while self._collected and not self._stopping:
                if len(self._collected) < self.size:
                    self._interval.wait()
                self._interval.start()
                messages = [self._collected.popleft() for _ in range(min(self.size, len(self._collected)))]
                self._handle([one for body, message in messages if (one := self._take(body, message)) is not None])
        finally:
            self._running = False

    def _take(self, body: Any, message: AmqpMessage) -> Received | None:
        """Return a valid event, unless its connection was lost: the broker delivers it again."""
        if not message.channel.connection:
            self.tracker.interrupt(id_of(message))
            return None
        return self._receive(body, message)

    def _handle(self, batch: Sequence[Received]) -> None:
        """Handle a batch. After a failure handle one event alone, and twice as many after each success."""
        size = len(batch)
        while batch:
            part = batch[:size]
            if self._stopping or not part[0].message.channel.connection:  # the broker delivers them again
                for received in batch:
                    self.tracker.interrupt(received.id)
                return
            error = self._attempt(part)
            if error is None or len(part) == 1:
                batch = batch[len(part) :]
            size = 1 if error else 2 * size

    def _attempt(self, batch: Sequence[Received]) -> BaseException | None:
        """Call the method, wait for its end and return its error. All messages are settled, unless many failed."""
        events: Batch[Event] = Batch([(received.event, received.context) for received in batch])
        attempt = _Attempt(batch)
        if not self._spawn(events, batch, partial(self._finish_batch, attempt)):
            return None
        error: BaseException | None = attempt.settled.wait()
        return error

    def _finish_batch(
        self, attempt: "_Attempt", _worker_ctx: WorkerContext, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        batch = attempt.batch
        try:
            if exc_info is None:
                outcomes = self._settle(batch, {id(event) for event in result or ()})
            elif len(batch) == 1:
                outcomes = [self._retries.retry(batch[0].message, batch[0].id, exc_info[1])]
            else:
                outcomes = []
                name = type(exc_info[1]).__name__
                _log.warning("%d events are handled in smaller batches after %s", len(batch), name)
            self._record_each(batch, outcomes, time.perf_counter() - attempt.started)
        finally:
            attempt.settled.send(exc_info and exc_info[1])
        return result, exc_info

    def _settle(self, batch: Sequence[Received], unfinished: set[int]) -> list[str]:
        """Move unfinished events to the end of the queue, acknowledge the others, and return the outcome of each."""
        outcomes = [
            self._retries.postpone(received.message, received.id) if id(received.event) in unfinished else "ok"
            for received in batch
        ]
        self._acknowledge([received for received, outcome in zip(batch, outcomes, strict=True) if outcome == "ok"])
        return outcomes

    def _acknowledge(self, received: Sequence[Received]) -> None:
        """Acknowledge handled events in one frame.

        That acknowledges all earlier messages of the channel too: no other handler uses it, and they were settled.
        """
        if received:
            self.queue_consumer.ack_up_to(received[-1].message)
        for one in received:
            self.tracker.finish(one.id)

    def _record_each(self, batch: Sequence[Received], outcomes: Sequence[str], seconds: float) -> None:
        """Log each event under its own request id, with that of the batch, under which its calls are logged."""
        extra: dict[str, Any] = {}
        if len(batch) > 1:
            extra = {"batch": len(batch), "batch_request": batch[0].context.get(correlation.REQUEST_ID, "-")}
        for received, outcome in zip(batch, outcomes, strict=False):
            message_context.enter(received.context)
            self._record(outcome, seconds, **extra)


@dataclass(slots=True)
class _Attempt:
    """A batch that a worker handles; `settled` gets the error of the method when all messages are settled."""

    batch: Sequence[Received]
    started: float = field(default_factory=time.perf_counter)
    settled: Signal = field(default_factory=Signal)


event_batch_handler = BatchEventHandler.decorator
