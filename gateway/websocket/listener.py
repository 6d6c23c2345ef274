"""Hears what is broadcast to all gateway processes and hands it to the sockets of this one."""

import json
import logging
from collections.abc import Callable
from typing import Any, ClassVar

from amqp import Message as AmqpMessage

from chassis.amqp import message_headers, protocol
from chassis.amqp.publisher import EVENTS
from chassis.auth import keyring, tokens
from chassis.contract import Event
from chassis.contract.validation import validate
from chassis.errors import ServiceError
from gateway.websocket.monitor import Vigil
from gateway.websocket.registry import Registry
from gateway.websocket.stale_events import Latest
from notifications.contract import NotificationChanged, NotificationCreated, NotificationsRead
from users.contract import SessionEnded

_log = logging.getLogger(__name__)


class Listener:
    """Consumes from a queue of this process, which dies with its connection; hence the resync after each loss."""

    def __init__(self, settings: dict[str, Any], registry: Registry, vigil: Vigil) -> None:
        self._ring = keyring.from_config(settings)
        self._registry = registry
        self._vigil = vigil
        self._latest = Latest()

    def opened(self, channel: Any) -> None:
        """Bind a queue of our own to what is broadcast; what was missed until now is fetched."""
        queue = channel.queue_declare("", exclusive=True).queue
        for event in self.HANDLERS:
            exchange = protocol.event_exchange(event.source)
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
            kind = _BY_TYPE[message.delivery_info["routing_key"]]
            headers = message.properties.get("application_headers") or {}
            token = headers.get(message_headers.PREFIX + message_headers.AUTH_TOKEN)
            event_id = message.properties.get("message_id") or "-"
            tokens.verify(token, EVENTS, self._ring, subject=event_id).require_service(kind.source)
            self.HANDLERS[kind](self, validate(kind, json.loads(message.body)), event_id)
        except (ServiceError, ValueError, TypeError, KeyError) as error:
            _log.warning("an event was thrown away: %s", error)

    def _on_notification_created(self, event: NotificationCreated, _event_id: str) -> None:
        """Write the frame to the sockets of those who are told."""
        self._registry.tell(event.notification, event.recipients)

    def _on_notification_changed(self, event: NotificationChanged, event_id: str) -> None:
        """Tell new words, unless they are old by now: all who would get them get the newer ones, or got them."""
        if self._latest.is_news(event.notification.id, event_id):
            self._registry.change(event.notification, event.recipients)

    def _on_notifications_read(self, event: NotificationsRead, event_id: str) -> None:
        """Tell what was read, however late: that stays true. Not so its count, which must not replace a newer one."""
        latest = self._latest.is_news(event.user_id, event_id)
        self._registry.read(event.user_id, event.ids, event.unread if latest else None)

    def _on_session_ended(self, event: SessionEnded, _event_id: str) -> None:
        """Close the sockets of these sessions."""
        self._registry.end_sessions(event.user_id, event.session_ids)

    HANDLERS: ClassVar[dict[type[Event], Callable[["Listener", Any, str], None]]] = {
        NotificationCreated: _on_notification_created,
        NotificationChanged: _on_notification_changed,
        NotificationsRead: _on_notifications_read,
        SessionEnded: _on_session_ended,
    }


_BY_TYPE = {event.type: event for event in Listener.HANDLERS}
