"""Moves messages whose handler failed to retry queues and to the dead-letter queue."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kombu import Message as AmqpMessage
from kombu import Queue

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.amqp.message_context import parse
from chassis.auth import tokens
from chassis.errors import TEMPORARY, ServiceError
from chassis.events.queues import parked_queue, retry_queue
from chassis.events.tracker import EventTracker

ATTEMPT = "baraza.attempt"
ERROR = "baraza.error"
OUTAGE = "baraza.outage_since"  # Unix time
_MAX_ATTEMPTS = 1000  # what the header may count to; any publisher can write it

_log = logging.getLogger(__name__)


class Retries:
    """The messages of one handler that it could not handle, or not to the end."""

    def __init__(self, consumer: QueueConsumer, queue: Queue, delays: Sequence[int], tracker: EventTracker) -> None:
        self._consumer = consumer
        self._queue = queue
        self._delays = delays
        self._tracker = tracker

    def retry(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        """Let the message return after a delay, or park it after the last attempt; return the outcome.

        During an outage no attempt counts, and the message returns after seconds, so that it is handled soon after the
        end. If the outage lasts longer than all delays, the message is retried as after any other error.
        """
        since = _outage_since(message.headers)
        lasted = 0.0 if since is None else time.time() - since
        if not isinstance(error, TEMPORARY) or lasted >= sum(self._delays):
            return self._retry(message, event_id, error)
        # Seconds: the first delay, then the second, if there is one.
        delay = self._delays[0] if since is None else self._delays[:2][-1]
        headers = {ATTEMPT: attempts(message.headers), ERROR: _name(error), OUTAGE: since or int(time.time())}
        return self._return(message, event_id, delay, headers)

    def _retry(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        attempt = attempts(message.headers)
        if attempt >= len(self._delays):
            return self.park(message, event_id, error)
        return self._return(message, event_id, self._delays[attempt], _failure(message, error))

    def _return(self, message: AmqpMessage, event_id: str, delay: int, headers: dict[str, Any]) -> str:
        if self._move(message, retry_queue(self._queue.name, delay), headers):
            self._tracker.retry(event_id, delay)
        else:
            self._tracker.interrupt(event_id)
        return "retried"

    def park(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        """Move the message to the dead-letter queue; return the outcome."""
        if self._move(message, parked_queue(self._queue.name), _failure(message, error)):
            self._tracker.finish(event_id)
        else:
            self._tracker.interrupt(event_id)
        return "parked"

    def reject(self, message: AmqpMessage, event_id: str, error: BaseException) -> str:
        """Park a message without a valid token; retry it if the token can become valid. Return the outcome."""
        if tokens.may_become_valid(error):
            return self._retry(message, event_id, error)
        # Not recorded as handled: any client of the broker can use the id of an event.
        self._tracker.interrupt(event_id)
        self._move(message, parked_queue(self._queue.name), _failure(message, error))
        return "parked"

    def postpone(self, message: AmqpMessage, event_id: str) -> str:
        """Move the message to the end of its queue, with all attempts available again; return the outcome."""
        if self._move(message, self._queue, {}):
            self._tracker.retry(event_id, 0)
        else:
            self._tracker.interrupt(event_id)
        return "continued"

    def _move(self, message: AmqpMessage, queue: Queue, headers: dict[str, Any]) -> bool:
        """Publish the message to another queue, and ack it here after the confirm; return whether that succeeded."""
        if headers:
            _log.warning("%s moves to %s: %s", self._queue.routing_key, queue.name, headers[ERROR])
        try:
            self._consumer.put(
                message.body,
                queue,
                application_headers=message_headers.encode(parse(message.headers)) | headers,
                timestamp=int(time.time()),  # operators see how long it has been there
                message_id=message.properties.get("message_id"),
                content_type=message.content_type,
                content_encoding=message.content_encoding,
            )
        except protocol.BROKER_ERRORS as failure:
            reason = type(failure).__name__
            _log.warning("%s could not be moved and is redelivered: %s", self._queue.routing_key, reason)
            self._consumer.requeue_message(message)
            return False
        self._consumer.ack_message(message)
        return True


def attempts(headers: Mapping[str, Any] | None) -> int:
    """Return how often the handler failed for a message before. Any publisher can write this header."""
    attempt = (headers or {}).get(ATTEMPT, 0)
    return min(attempt, _MAX_ATTEMPTS) if isinstance(attempt, int) and attempt >= 0 else 0


def _outage_since(headers: Mapping[str, Any] | None) -> int | None:
    """Return when the outage began that this message met first; None if it met none. Any publisher can write this."""
    since = (headers or {}).get(OUTAGE)
    return since if isinstance(since, int) and 0 < since <= time.time() else None


def _failure(message: AmqpMessage, error: BaseException) -> dict[str, Any]:
    since = _outage_since(message.headers)
    outage = {} if since is None else {OUTAGE: since}
    return {ATTEMPT: attempts(message.headers) + 1, ERROR: _name(error)} | outage


def _name(error: BaseException) -> str:
    return error.code if isinstance(error, ServiceError) else type(error).__name__
