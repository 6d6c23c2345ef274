"""Event handlers with retries: a message whose handler fails is retried after a delay, and finally parked.

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None: ...

Handlers must be idempotent: every event may be delivered twice.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

import nameko.events
from eventlet.semaphore import Semaphore
from kombu import Message as AmqpMessage
from kombu import Queue
from nameko.containers import WorkerContext
from nameko.exceptions import ContainerBeingKilled

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.amqp.message_context import parse
from chassis.amqp.publisher import EVENTS
from chassis.auth import keyring, tokens
from chassis.auth.caller import CALLER, Caller
from chassis.contract import Event
from chassis.contract.validation import validate
from chassis.errors import Invalid, ServiceError
from chassis.events.queues import parked_queue, retry_queue
from chassis.events.tracker import EventTracker
from chassis.observability import metrics

ATTEMPT = "baraza.attempt"
ERROR = "baraza.error"
_UNLIMITED = 1_000_000  # events at a time; the prefetch is the limit
_MAX_ATTEMPTS = 1000  # what the header may count to; any publisher can write it

_log = logging.getLogger(__name__)


class EventHandler(nameko.events.EventHandler):
    """Handles one event type, once per service, whatever the number of its processes.

    With `in_order` a process handles one event at a time in the order of arrival; otherwise as many as it has workers.
    """

    queue_consumer = QueueConsumer()

    def __init__(self, event: type[Event], *, in_order: bool = False, **kwargs: Any) -> None:
        self.event = event
        self.tracker = EventTracker()
        self._slots = Semaphore(1 if in_order else _UNLIMITED)
        super().__init__(event.source, event.type, expected_exceptions=ServiceError, **kwargs)

    def setup(self) -> None:
        """Read the settings."""
        super().setup()
        self._ring = keyring.from_config(self.container.config)
        self._delays: list[int] = self.container.config["retry"]["delays"]

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Run the handler in a worker. Park an invalid message at once: a retry would not help.

        A token can become valid: its key may be in no file yet, or the clock of its sender may be ahead.
        """
        event_id = message.properties.get("message_id") or "-"
        try:
            context_data = parse(message.headers)
            context_data[CALLER] = self._verify_sender(context_data, event_id)
        except Exception as error:  # noqa: BLE001 - no message may end the process
            self._reject(message, event_id, error)
            return
        self.tracker.start(event_id)
        try:
            event = self._read(body)
        except Exception as error:  # noqa: BLE001 - as above
            self._record(self._park(message, event_id, error), 0)
            return
        self._slots.acquire()
        try:
            self.container.spawn_worker(
                self, (event,), {}, context_data=context_data, handle_result=self._finisher(message, event_id)
            )
        except ContainerBeingKilled:
            self._slots.release()
            self.tracker.interrupt(event_id)
            self.queue_consumer.requeue_message(message)

    def _verify_sender(self, context_data: dict[str, Any], event_id: str) -> Caller:
        """Verify that the source service signed a token for this event."""
        sender = tokens.verify(context_data.get(message_headers.AUTH_TOKEN), EVENTS, self._ring, subject=event_id)
        sender.require_service(self.source_service)
        return sender

    def _read(self, body: Any) -> Event:
        if not isinstance(body, dict):
            raise Invalid("The body is not a JSON object.", "malformed_event")
        return validate(self.event, body)

    def _finisher(self, message: AmqpMessage, event_id: str) -> Any:
        started = time.perf_counter()

        def finish(_worker_ctx: WorkerContext, result: Any, exc_info: Any) -> tuple[Any, Any]:
            outcome = "ok"
            if exc_info is None:
                self.queue_consumer.ack_message(message)
                self.tracker.finish(event_id)
            else:
                outcome = self._retry(message, event_id, exc_info[1])
            self._slots.release()
            self._record(outcome, time.perf_counter() - started)
            return result, exc_info

        return finish

    def _record(self, outcome: str, seconds: float) -> None:
        """Count the event by its outcome, and log it."""
        service = self.container.service_name
        metrics.EVENT_SECONDS.labels(service, self.method_name, outcome).observe(seconds)
        extra = {"outcome": outcome, "ms": round(seconds * 1000, 1)}
        _log.info("%s.%s", service, self.method_name, extra=extra)

    def _reject(self, message: AmqpMessage, event_id: str, error: Exception) -> None:
        """Park a message without a valid token; retry it if the token can become valid."""
        if tokens.may_become_valid(error):
            outcome = self._retry(message, event_id, error)
        else:  # not recorded as handled: any client of the broker can use the id of an event
            self._move(message, parked_queue(self.queue.name), error)
            outcome = "parked"
        self._record(outcome, 0)

    def _retry(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        attempt = attempts(message.headers)
        if attempt >= len(self._delays):
            return self._park(message, event_id, error)
        delay = self._delays[attempt]
        if self._move(message, retry_queue(self.queue.name, delay), error):
            self.tracker.retry(event_id, delay)
        else:
            self.tracker.interrupt(event_id)
        return "retried"

    def _park(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        if self._move(message, parked_queue(self.queue.name), error):
            self.tracker.finish(event_id)
        else:
            self.tracker.interrupt(event_id)
        return "parked"

    def _move(self, message: AmqpMessage, queue: Queue, error: BaseException) -> bool:
        """Publish the message to another queue, and ack it here after the confirm; return whether that succeeded."""
        _log.warning("%s moves to %s: %s", self.event.type, queue.name, _name(error))
        headers = message_headers.encode(parse(message.headers))
        try:
            self.queue_consumer.put(
                message.body,
                queue,
                application_headers=headers | {ATTEMPT: attempts(message.headers) + 1, ERROR: _name(error)},
                timestamp=int(time.time()),  # operators see how long it has been there
                message_id=message.properties.get("message_id"),
                content_type=message.content_type,
                content_encoding=message.content_encoding,
            )
        except protocol.BROKER_ERRORS as failure:
            _log.warning("%s could not be moved and is redelivered: %s", self.event.type, type(failure).__name__)
            self.queue_consumer.requeue_message(message)
            return False
        self.queue_consumer.ack_message(message)
        return True


event_handler = EventHandler.decorator


def attempts(headers: Mapping[str, Any] | None) -> int:
    """Return how often the handler failed for a message before. Any publisher can write this header."""
    attempt = (headers or {}).get(ATTEMPT, 0)
    return min(attempt, _MAX_ATTEMPTS) if isinstance(attempt, int) and attempt >= 0 else 0


def _name(error: BaseException) -> str:
    return error.code if isinstance(error, ServiceError) else type(error).__name__
