"""Dead letters: operators count, list, replay and discard parked events.

Each command opens a connection of its own, because only the consumer may read the container's. The broker returns
messages that a command took and did not acknowledge when that connection closes, for whatever reason.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import eventlet
from amqp import Message as AmqpMessage
from eventlet.semaphore import Semaphore
from kombu import Connection, Queue

from chassis import clock
from chassis.amqp import protocol
from chassis.amqp.publisher import CONNECT_TIMEOUT
from chassis.errors import Invalid, Unavailable
from chassis.events import contract
from chassis.events.contract import DiscardParked, HandlerQueue, Moved, Parked, ReplayParked
from chassis.events.queues import parked_queue, retry_queue
from chassis.events.retries import ATTEMPT, ERROR, OUTAGE
from chassis.events.topology import handler_queues
from chassis.observability import metrics
from chassis.provider import SharedProvider

MAX_LISTED = 10  # events of a handler
MOVE_TIME = 5  # seconds after which a command takes no more events and replies
COMMAND_TIMEOUT = 10  # seconds
EXPIRY_INTERVAL = 3600  # seconds between looks for expired events
MEASURE_INTERVAL = 15  # seconds between measurements of the queues

_log = logging.getLogger(__name__)


class DeadLetters:
    """The operators' commands; `queues` are the handlers' own queues by the name of the handler."""

    def __init__(self, uri: str, queues: Mapping[str, Queue], delays: Sequence[int]) -> None:
        self._uri = uri
        self._queues = queues
        self._delays = delays
        self._erasing = Semaphore()  # while one erasure reads the events, another would not see them

    def overview(self) -> Parked:
        """Count parked and waiting events, and describe the oldest parked ones."""
        with self._channel() as channel:
            return Parked(handlers=[self._handler(channel, name, queue) for name, queue in self._queues.items()])

    def measure(self, service: str) -> None:
        """Export the number of events of each handler by their state."""
        with self._channel() as channel:
            for queue in self._queues.values():
                counts = {
                    "ready": _depth(channel, queue),
                    "retrying": sum(_depth(channel, retry_queue(queue.name, delay)) for delay in self._delays),
                    "parked": _depth(channel, parked_queue(queue.name)),
                }
                for state, count in counts.items():
                    metrics.WAITING_EVENTS.labels(service, queue.name, state).set(count)

    def erase(self, user_id: str) -> None:
        """Delete parked events that contain the id of a deleted account, for MOVE_TIME at most.

        What is left after that, is parked later, or is being read by another process, expires.
        """
        with self._erasing, self._channel() as channel:
            deadline = time.monotonic() + MOVE_TIME
            for queue in self._queues.values():
                for message in _take(channel, parked_queue(queue.name), deadline):
                    if user_id in _text(message.body):
                        _discard(channel, queue, message)

    def expire(self, before: datetime) -> None:
        """Delete events that were parked before a time."""
        with self._channel() as channel:
            deadline = time.monotonic() + MOVE_TIME
            for queue in self._queues.values():
                for message in _take(channel, parked_queue(queue.name), deadline):
                    parked_at = contract.describe(message).since
                    if parked_at is not None and parked_at >= before:
                        break  # the others are younger
                    _discard(channel, queue, message)

    def replay(self, request: ReplayParked) -> Moved:
        """Move events to their handler's queue, without their attempts and error.

        Each event is confirmed there before it is acknowledged here, so a crash in between delivers it twice.
        """
        return self._move(request, _republish)

    def discard(self, request: DiscardParked) -> Moved:
        """Delete events; the log keeps their descriptions."""
        return self._move(request, _log_discarded)

    def _move(self, request: ReplayParked, handle: Callable[[Any, Queue, Any], None]) -> Moved:
        queue = self._queue(request.handler)
        parked = parked_queue(queue.name)
        moved = 0
        with self._channel() as channel:
            depth = _depth(channel, parked)
            for message in _selected(channel, parked, depth, request):
                handle(channel, queue, message)
                channel.basic_ack(message.delivery_tag)
                moved += 1
        return Moved(moved=moved, left=depth - moved)

    def _queue(self, handler: str) -> Queue:
        if handler not in self._queues:
            raise Invalid.field("handler", f"must be one of {', '.join(self._queues)}")
        return self._queues[handler]

    def _handler(self, channel: Any, name: str, queue: Queue) -> HandlerQueue:
        parked = parked_queue(queue.name)
        depth = _depth(channel, parked)
        messages = [channel.basic_get(parked.name) for _ in range(min(depth, MAX_LISTED))]
        return HandlerQueue(
            handler=name,
            event=queue.routing_key,
            parked=depth,
            waiting=sum(_depth(channel, retry_queue(queue.name, delay)) for delay in self._delays),
            oldest=[contract.describe(message) for message in messages if message is not None],
        )

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        """Open a channel with confirms for one command. Raises Unavailable."""
        options = {"confirm_publish": True}
        connection = Connection(self._uri, connect_timeout=CONNECT_TIMEOUT, transport_options=options)
        try:
            with eventlet.Timeout(COMMAND_TIMEOUT, Unavailable("The message broker does not answer.")):
                connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
                yield connection.channel()
                connection.close()
        except protocol.BROKER_ERRORS as error:
            raise Unavailable("The message broker is unavailable, or does not accept the event.") from error
        finally:
            connection.collect()  # does not wait for the broker, which may hang


class DeadLettersProvider(SharedProvider[DeadLetters]):
    """Provides DeadLetters for the service's own handlers, measures their queues, and deletes expired events."""

    def create(self) -> DeadLetters:
        """Find the handlers."""
        config = self.container.config
        queues = handler_queues(self.container.service_cls)
        self._days: int = config["events"]["parked_days"]
        return DeadLetters(config["AMQP_URI"], queues, config["retry"]["delays"])

    def start(self) -> None:
        """Start measuring."""
        self._measuring = self.container.spawn_managed_thread(self._measure, identifier="queue lengths")

    def stop(self) -> None:
        """Stop measuring."""
        self._measuring.kill()

    def _measure(self) -> None:
        next_expiry = 0.0
        while True:
            eventlet.sleep(MEASURE_INTERVAL)
            try:
                self.shared.measure(self.container.service_name)
                if self._days and time.monotonic() > next_expiry:
                    self.shared.expire(clock.now() - timedelta(days=self._days))
                    next_expiry = time.monotonic() + EXPIRY_INTERVAL
            except Exception as error:  # noqa: BLE001 - a failed measurement must not end the process
                _log.info("the queues could not be measured: %s", error)


def _selected(channel: Any, parked: Queue, depth: int, request: ReplayParked) -> Iterator[Any]:
    """Take the parked messages that a request selects, oldest first; not more than `depth`: they may return."""
    remaining = request.limit
    for message in _take(channel, parked, time.monotonic() + MOVE_TIME, depth):
        if request.event_id in {None, message.properties.get("message_id")}:
            remaining -= 1
            yield message
        if remaining == 0:
            return


def _take(channel: Any, parked: Queue, deadline: float, depth: int | None = None) -> Iterator[Any]:
    """Take the messages that are in a queue now, oldest first, until a time; not those that return meanwhile."""
    for _ in range(_depth(channel, parked) if depth is None else depth):
        if time.monotonic() > deadline or (message := channel.basic_get(parked.name)) is None:
            return
        yield message


def _text(body: bytes | str) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else body


def _republish(channel: Any, queue: Queue, message: Any) -> None:
    """Publish a message without its attempts and error. Raises protocol.BROKER_ERRORS without a queue or a confirm."""
    headers = message.properties.get("application_headers") or {}
    kept = {name: value for name, value in headers.items() if name not in {ATTEMPT, ERROR, OUTAGE}}
    fresh = AmqpMessage(message.body, **(message.properties | {"application_headers": kept}))
    channel.basic_publish(fresh, "", queue.name, mandatory=True)
    _log.warning("an event was replayed to %s: %s", queue.name, contract.describe(message).event_id)


def _discard(channel: Any, queue: Queue, message: Any) -> None:
    _log_discarded(channel, queue, message)
    channel.basic_ack(message.delivery_tag)


def _log_discarded(_channel: Any, queue: Queue, message: Any) -> None:
    _log.warning("an event of %s was discarded: %s", queue.name, contract.describe(message).model_dump_json())


def _depth(channel: Any, queue: Queue) -> int:
    """Declare a queue and return its number of messages."""
    return int(queue.queue_declare(channel=channel).message_count)
