"""Helps events that were parked: counts, lists, replays and discards them.

Each command has a connection of its own, since only the consumer may read the container's. What it has taken and
not acknowledged returns to its place when that connection ends, however it ends.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import eventlet
from amqp import Message as AmqpMessage
from kombu import Connection, Queue
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.amqp import protocol
from chassis.amqp.publisher import CONNECT_TIMEOUT
from chassis.errors import Invalid, Unavailable
from chassis.events import contract
from chassis.events.contract import DiscardParked, HandlerQueue, Moved, Parked, ReplayParked
from chassis.events.handler import ATTEMPT, ERROR
from chassis.events.queues import parked_queue, retry_queue
from chassis.events.topology import handler_queues
from chassis.observability import metrics

SHOWN = 10  # events of a handler
ROUND = 5  # seconds after which a command stops taking more, and says how far it came
PATIENCE = 10  # seconds for all of a command
MEASURED = 15  # seconds between measurements of the queues

_log = logging.getLogger(__name__)


class DeadLetters:
    """What operators can do; `queues` are the handlers' own, by the handler's name."""

    def __init__(self, uri: str, queues: Mapping[str, Queue], delays: Sequence[int]) -> None:
        self._uri = uri
        self._queues = queues
        self._delays = delays

    def listed(self) -> Parked:
        """Count what rests and what waits, and show the oldest that rest."""
        with self._channel() as channel:
            return Parked(handlers=[self._handler(channel, name, queue) for name, queue in self._queues.items()])

    def measure(self, service: str) -> None:
        """Note how many events of each handler are where."""
        with self._channel() as channel:
            for queue in self._queues.values():
                found = {
                    "ready": _depth(channel, queue),
                    "retrying": sum(_depth(channel, retry_queue(queue.name, delay)) for delay in self._delays),
                    "parked": _depth(channel, parked_queue(queue.name)),
                }
                for state, number in found.items():
                    metrics.WAITING_EVENTS.labels(service, queue.name, state).set(number)

    def replay(self, request: ReplayParked) -> Moved:
        """Move events to their handler's queue, as if they had never failed.

        Each is confirmed there before it is acknowledged here: whatever ends us in between, at worst it comes twice.
        """
        return self._move(request, _publish)

    def discard(self, request: DiscardParked) -> Moved:
        """Throw events away; the log keeps what `listed` shows of them."""
        return self._move(request, _log_the_loss)

    def _move(self, request: ReplayParked, take: Callable[[Any, Queue, Any], None]) -> Moved:
        queue = self._queue(request.handler)
        resting = parked_queue(queue.name)
        moved = 0
        with self._channel() as channel:
            depth = _depth(channel, resting)
            for message in _picked(channel, resting, depth, request):
                take(channel, queue, message)
                channel.basic_ack(message.delivery_tag)
                moved += 1
        return Moved(moved=moved, left=depth - moved)

    def _queue(self, handler: str) -> Queue:
        if handler not in self._queues:
            raise Invalid.field("handler", f"must be one of {', '.join(self._queues)}")
        return self._queues[handler]

    def _handler(self, channel: Any, name: str, queue: Queue) -> HandlerQueue:
        resting = parked_queue(queue.name)
        depth = _depth(channel, resting)
        found = [channel.basic_get(resting.name) for _ in range(min(depth, SHOWN))]
        return HandlerQueue(
            handler=name,
            event=queue.routing_key,
            parked=depth,
            waiting=sum(_depth(channel, retry_queue(queue.name, delay)) for delay in self._delays),
            oldest=[contract.event(message) for message in found if message is not None],
        )

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        """Open a confirming channel for one command."""
        options = {"confirm_publish": True}
        connection = Connection(self._uri, connect_timeout=CONNECT_TIMEOUT, transport_options=options)
        try:
            with eventlet.Timeout(PATIENCE, Unavailable("The message broker does not answer.")):
                connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
                yield connection.channel()
                connection.close()
        except protocol.BROKER_ERRORS as error:
            raise Unavailable("The message broker is away, or does not take the event.") from error
        finally:
            connection.collect()  # without a farewell, where it has not had one: that would wait for an answer


class DeadLettersProvider(DependencyProvider):
    """Provides the dead_letters of a service's own handlers."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> DeadLetters: ...

    def setup(self) -> None:
        """Look for the handlers."""
        config = self.container.config
        queues = handler_queues(self.container.service_cls)
        self._dead_letters = DeadLetters(config["AMQP_URI"], queues, config["retry"]["delays"])

    def start(self) -> None:
        """Measure from now on."""
        self._measuring = self.container.spawn_managed_thread(self._measure, identifier="queue lengths")

    def stop(self) -> None:
        """Measure no more."""
        self._measuring.kill()

    def _measure(self) -> None:
        while True:
            eventlet.sleep(MEASURED)
            try:
                self._dead_letters.measure(self.container.service_name)
            except Exception as error:  # noqa: BLE001 - whoever only measures must not end the process
                _log.info("queues were not measured: %s", error)

    def get_dependency(self, worker_ctx: WorkerContext) -> DeadLetters:  # noqa: ARG002 - Nameko's signature
        """Return the dead_letters."""
        return self._dead_letters


def _picked(channel: Any, resting: Queue, depth: int, request: ReplayParked) -> Iterator[Any]:
    """Yield the parked messages that a request names, oldest first; none twice, though replayed ones may come back."""
    deadline = time.monotonic() + ROUND
    wanted = request.limit
    for _ in range(depth):
        if wanted == 0 or time.monotonic() > deadline or (message := channel.basic_get(resting.name)) is None:
            return
        if request.event_id in {None, message.properties.get("message_id")}:
            wanted -= 1
            yield message


def _publish(channel: Any, queue: Queue, message: Any) -> None:
    """Publish what was parked as it was, but for its past. Raises where nobody has the queue, or no confirm comes."""
    headers = message.properties.get("application_headers") or {}
    kept = {name: value for name, value in headers.items() if name not in {ATTEMPT, ERROR}}
    fresh = AmqpMessage(message.body, **(message.properties | {"application_headers": kept}))
    channel.basic_publish(fresh, "", queue.name, mandatory=True)
    _log.warning("an event was replayed to %s: %s", queue.name, contract.event(message).event_id)


def _log_the_loss(_channel: Any, queue: Queue, message: Any) -> None:
    _log.warning("an event was thrown away from %s: %s", queue.name, contract.event(message).model_dump_json())


def _depth(channel: Any, queue: Queue) -> int:
    """Count what waits in a queue, which is made if it is not there yet."""
    return int(queue.queue_declare(channel=channel).message_count)
