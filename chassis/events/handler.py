"""Event handlers that lose nothing: a failing message is tried again later, and parked in the end.

    @event_handler(PostCreated)
    def on_post_created(self, event: PostCreated) -> None: ...

Handlers must be idempotent: every event may arrive twice.
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
from chassis.amqp.message_context import incoming
from chassis.amqp.publisher import EVENTS
from chassis.auth import keyring, tokens
from chassis.auth.caller import CALLER, Caller
from chassis.contract import Event
from chassis.contract.validation import validate
from chassis.errors import Invalid, ServiceError
from chassis.events.queues import parked_queue, retry_queue
from chassis.observability import metrics

ATTEMPT = "baraza.attempt"
ERROR = "baraza.error"
_UNLIMITED = 1_000_000  # events at a time; the prefetch is the limit
_MANY = 1000  # attempts; what a header says beyond that is a joke

_log = logging.getLogger(__name__)


class EventHandler(nameko.events.EventHandler):
    """Handles one event type, once per service, however many replicas there are.

    With `in_order` a process handles one event at a time, as they come, instead of as many as it has workers.
    """

    queue_consumer = QueueConsumer()

    def __init__(self, event: type[Event], *, in_order: bool = False, **kwargs: Any) -> None:
        self.event = event
        self._turns = Semaphore(1 if in_order else _UNLIMITED)
        super().__init__(event.source, event.type, expected_exceptions=ServiceError, **kwargs)

    def setup(self) -> None:
        """Name the queue as Nameko does."""
        super().setup()
        self._ring = keyring.from_config(self.container.config)
        self._delays: list[int] = self.container.config["retry"]["delays"]

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Run the handler in a worker. A message that can never be handled is parked at once."""
        try:
            context_data = incoming(message.headers)
            context_data[CALLER] = self._sender(context_data, message)
            event = self._read(body)
        except Exception as error:  # noqa: BLE001 - whatever a stranger sends must not end the process
            self._move(message, parked_queue(self.queue.name), error)
            self._note("parked", 0)
            return
        self._turns.acquire()
        try:
            self.container.spawn_worker(
                self, (event,), {}, context_data=context_data, handle_result=self._finisher(message)
            )
        except ContainerBeingKilled:
            self._turns.release()
            self.queue_consumer.requeue_message(message)

    def _sender(self, context_data: dict[str, Any], message: AmqpMessage) -> Caller:
        """Verify that the source service signed this very event."""
        event_id = message.properties.get("message_id") or "-"
        sender = tokens.verify(context_data.get(message_headers.AUTH_TOKEN), EVENTS, self._ring, subject=event_id)
        sender.require_service(self.source_service)
        return sender

    def _read(self, body: Any) -> Event:
        if not isinstance(body, dict):
            raise Invalid("The body is not a JSON object.", "malformed_event")
        return validate(self.event, body)

    def _finisher(self, message: AmqpMessage) -> Any:
        started = time.perf_counter()

        def finish(_worker_ctx: WorkerContext, result: Any, exc_info: Any) -> tuple[Any, Any]:
            outcome = "ok"
            if exc_info is None:
                self.queue_consumer.ack_message(message)
            else:
                outcome = self._retry(message, exc_info[1])
            self._turns.release()
            self._note(outcome, time.perf_counter() - started)
            return result, exc_info

        return finish

    def _note(self, outcome: str, seconds: float) -> None:
        service = self.container.service_name
        metrics.EVENT_SECONDS.labels(service, self.method_name, outcome).observe(seconds)
        extra = {"outcome": outcome, "ms": round(seconds * 1000, 1)}
        _log.info("%s.%s", service, self.method_name, extra=extra)

    def _retry(self, message: AmqpMessage, error: BaseException) -> str:
        attempt = attempts(message.headers)
        if attempt < len(self._delays):
            self._move(message, retry_queue(self.queue.name, self._delays[attempt]), error)
            return "retried"
        self._move(message, parked_queue(self.queue.name), error)
        return "parked"

    def _move(self, message: AmqpMessage, queue: Queue, error: BaseException) -> None:
        """Publish the same body to another queue, confirmed, and only then ack it here."""
        _log.warning("%s goes to %s: %s", self.event.type, queue.name, _name(error))
        headers = message_headers.encode(incoming(message.headers))
        try:
            self.queue_consumer.put(
                message.body,
                queue,
                application_headers=headers | {ATTEMPT: attempts(message.headers) + 1, ERROR: _name(error)},
                timestamp=int(time.time()),  # operators see since when it rests
                message_id=message.properties.get("message_id"),
                content_type=message.content_type,
                content_encoding=message.content_encoding,
            )
        except protocol.BROKER_ERRORS as failure:
            _log.warning("%s could not be moved and will come again: %s", self.event.type, type(failure).__name__)
            self.queue_consumer.requeue_message(message)
        else:
            self.queue_consumer.ack_message(message)


event_handler = EventHandler.decorator


def attempts(headers: Mapping[str, Any] | None) -> int:
    """Return how often a message failed before; the header may be anybody's."""
    attempt = (headers or {}).get(ATTEMPT, 0)
    return min(attempt, _MANY) if isinstance(attempt, int) and attempt >= 0 else 0


def _name(error: BaseException) -> str:
    return error.code if isinstance(error, ServiceError) else type(error).__name__
