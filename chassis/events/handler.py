"""Event handlers with retries: a message whose handler fails is retried after a delay, and finally parked.

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None: ...

Handlers must be idempotent: every event may be delivered twice.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import nameko.events
from kombu import Message as AmqpMessage
from nameko.containers import WorkerContext
from nameko.exceptions import ContainerBeingKilled

from chassis.amqp import message_context, message_headers
from chassis.amqp.consumer import QueueConsumer
from chassis.amqp.publisher import EVENTS
from chassis.auth import keyring, tokens
from chassis.auth.caller import CALLER, Caller
from chassis.contract import Event
from chassis.contract.validation import validate
from chassis.errors import Invalid, ServiceError
from chassis.events.retries import Retries
from chassis.events.tracker import EventTracker
from chassis.observability import metrics

_log = logging.getLogger(__name__)

Finish = Callable[[WorkerContext, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Received:
    """A valid event with its message; `context` is the context data of its request, with the verified caller."""

    id: str
    event: Event
    message: AmqpMessage
    context: dict[str, Any]


class EventHandler(nameko.events.EventHandler):
    """Handles one event type, once per service, whatever the number of its processes.

    A process handles as many events at a time as it has workers, in any order.
    """

    queue_consumer = QueueConsumer()

    def __init__(self, event: type[Event], **kwargs: Any) -> None:
        self.event = event
        self.tracker = EventTracker()
        super().__init__(event.source, event.type, expected_exceptions=ServiceError, **kwargs)

    def setup(self) -> None:
        """Read the settings."""
        super().setup()
        config = self.container.config
        self._ring = keyring.from_config(config)
        self._retries = Retries(self.queue_consumer, self.queue, config["retry"]["delays"], self.tracker)

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Run the handler in a worker."""
        received = self._receive(body, message)
        if received is not None:
            self._spawn(received.event, [received], partial(self._finish, received, time.perf_counter()))

    def _receive(self, body: Any, message: AmqpMessage) -> Received | None:
        """Return the event. Park an invalid message at once and return None: a retry would not help.

        A token can become valid: its key may be in no file yet, or the clock of its sender may be ahead.
        """
        event_id = id_of(message)
        try:
            context = message_context.parse(message.headers)
            context[CALLER] = self._verify_sender(context, event_id)
        except Exception as error:  # noqa: BLE001 - no message may end the process
            self._record(self._retries.reject(message, event_id, error), 0)
            return None
        self.tracker.start(event_id)
        try:
            return Received(event_id, self._read(body), message, context)
        except Exception as error:  # noqa: BLE001 - as above
            self._record(self._retries.park(message, event_id, error), 0)
            return None

    def _verify_sender(self, context: dict[str, Any], event_id: str) -> Caller:
        """Verify that the source service signed a token for this event."""
        sender = tokens.verify(context.get(message_headers.AUTH_TOKEN), EVENTS, self._ring, subject=event_id)
        sender.require_service(self.source_service)
        return sender

    def _read(self, body: Any) -> Event:
        if not isinstance(body, dict):
            raise Invalid("The body is not a JSON object.", "malformed_event")
        return validate(self.event, body)

    def _spawn(self, argument: Any, received: Sequence[Received], finish: Finish) -> bool:
        """Call the method in a worker, in the context of the first event; return False if the container is ending."""
        try:
            self.container.spawn_worker(self, (argument,), {}, context_data=received[0].context, handle_result=finish)
        except ContainerBeingKilled:
            for one in received:
                self.tracker.interrupt(one.id)
                self.queue_consumer.requeue_message(one.message)
            return False
        return True

    def _finish(
        self, received: Received, started: float, _worker_ctx: WorkerContext, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        outcome = "ok"
        if exc_info is None:
            self._acknowledge([received])
        else:
            outcome = self._retries.retry(received.message, received.id, exc_info[1])
        self._record(outcome, time.perf_counter() - started)
        return result, exc_info

    def _acknowledge(self, received: Sequence[Received]) -> None:
        """Acknowledge handled events."""
        for one in received:
            self.queue_consumer.ack_message(one.message)
            self.tracker.finish(one.id)

    def _record(self, outcome: str, seconds: float, **extra: Any) -> None:
        """Count the event by its outcome, and log it."""
        service = self.container.service_name
        metrics.EVENT_SECONDS.labels(service, self.method_name, outcome).observe(seconds)
        _log.info(
            "%s.%s", service, self.method_name, extra={"outcome": outcome, "ms": round(seconds * 1000, 1), **extra}
        )


event_handler = EventHandler.decorator


def id_of(message: AmqpMessage) -> str:
    """Return the id of a message's event, which is not verified."""
    return message.properties.get("message_id") or "-"
