"""Hears what is broadcast to all gateway processes and hands it to the sockets of this one."""

import json
import logging
from collections.abc import Callable
from typing import Any

from amqp import Message as AmqpMessage

from chassis import context, keyring, tokens, wire
from chassis.contract import Event
from chassis.errors import ServiceError
from chassis.publisher import EVENTS
from chassis.validation import validated
from gateway.registry import Registry
from gateway.vigil import Vigil
from notifications.contract import NotificationCreated
from users.contract import SessionEnded

_log = logging.getLogger(__name__)


class Listener:
    """Consumes from a queue of this process, which dies with its connection; hence the resync after each loss."""

    def __init__(self, settings: dict[str, Any], registry: Registry, vigil: Vigil) -> None:
        self._ring = keyring.of(settings)
        self._registry = registry
        self._vigil = vigil
        self._handlers: dict[str, tuple[type[Event], Callable[[Any], None]]] = {
            NotificationCreated.type: (NotificationCreated, self._on_notification_created),
            SessionEnded.type: (SessionEnded, self._on_session_ended),
        }

    def opened(self, channel: Any) -> None:
        """Bind a queue of our own to what is broadcast; what was missed until now is fetched."""
        queue = channel.queue_declare("", exclusive=True).queue
        for event, _ in self._handlers.values():
            exchange = wire.event_exchange(event.source)
            exchange(channel).declare()
            channel.queue_bind(queue, exchange.name, event.type)
        channel.basic_consume(queue, no_ack=True, callback=self._on_message)
        self._vigil.resync()

    def lost(self) -> None:
        """Let the sockets wait for the resync after the next connection."""
        self._vigil.hold()

    def _on_message(self, message: AmqpMessage) -> None:
        """Hand an event on; whatever is wrong with one must not stop the others."""
        try:
            kind, handle = self._handlers[message.delivery_info["routing_key"]]
            headers = message.properties.get("application_headers") or {}
            token = headers.get(context.HEADER_PREFIX + context.AUTH_TOKEN)
            sender = tokens.verify(token, EVENTS, self._ring, subject=message.properties.get("message_id") or "-")
            sender.require_service(kind.source)
            handle(validated(kind, json.loads(message.body)))
        except (ServiceError, ValueError, TypeError, KeyError) as error:
            _log.warning("an event was thrown away: %s", error)

    def _on_notification_created(self, event: NotificationCreated) -> None:
        self._registry.tell(event.notification, event.recipients)

    def _on_session_ended(self, event: SessionEnded) -> None:
        self._registry.end_sessions(event.user_id, event.session_ids)
