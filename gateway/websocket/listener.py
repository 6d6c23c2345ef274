"""Consumes broadcast events and passes them to the websockets of this process."""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from amqp import Message as AmqpMessage

from chassis.amqp import message_headers, protocol
from chassis.amqp.publisher import EVENTS
from chassis.auth import keyring, tokens
from chassis.contract import Event
from chassis.contract.validation import validate
from chassis.errors import ServiceError
from gateway.websocket.monitor import Monitor
from gateway.websocket.registry import Registry
from notifications.contract import NotificationChanged, NotificationCreated, NotificationsCreated, NotificationsRead
from users.contract import SessionEnded

_log = logging.getLogger(__name__)


class Listener:
    """Uses a queue that is deleted with its connection; so websockets are resynced after each loss."""

    def __init__(self, settings: dict[str, Any], registry: Registry, monitor: Monitor) -> None:
        self._ring = keyring.from_config(settings)
        self._registry = registry
        self._monitor = monitor

    def opened(self, channel: Any) -> None:
        """Bind a new queue to the broadcast events, and fetch what was missed."""
        queue = channel.queue_declare("", exclusive=True).queue
        for event in self.HANDLERS:
            exchange = protocol.event_exchange(event.source)
            exchange(channel).declare()
            channel.queue_bind(queue, exchange.name, event.type)
        channel.basic_consume(queue, no_ack=True, callback=self._on_message)
        self._monitor.resync()

    def lost(self) -> None:
        """Hold back frames until the resync after the next connection."""
        self._monitor.hold()

    def alarm(self, *, active: bool) -> None:
        """Do nothing: a broker that accepts no messages still delivers them."""

    def _on_message(self, message: AmqpMessage) -> None:
        """Handle an event; an invalid one is logged and dropped."""
        try:
            kind, fields = _BY_TYPE[message.delivery_info["routing_key"]], json.loads(message.body)
            if self._has_recipient(kind, fields):
                self._verify(kind, message)
                self.HANDLERS[kind](self, validate(kind, fields))
        except (ServiceError, ValueError, TypeError, KeyError) as error:
            _log.warning("an event was dropped: %s", error)

    def _has_recipient(self, kind: type[Event], fields: dict[str, Any]) -> bool:
        """Return whether an event may be for a websocket of this process; verifying it costs 20 times as much.

        The end of a session is also for handshakes that are not complete.
        """
        if kind is SessionEnded:
            return True
        return self._registry.has_any(_recipients(kind, fields))

    def _verify(self, kind: type[Event], message: AmqpMessage) -> None:
        """Raise Unavailable or Forbidden unless the event is signed by its source."""
        headers = message.properties.get("application_headers") or {}
        token = headers.get(message_headers.PREFIX + message_headers.AUTH_TOKEN)
        event_id = message.properties.get("message_id") or "-"
        tokens.verify(token, EVENTS, self._ring, subject=event_id).require_service(kind.source)

    def _on_notification_created(self, event: NotificationCreated) -> None:
        """Send the notification to its recipients."""
        self._registry.notify(event.notification, _numbered(event.recipients, event.seqs))

    def _on_notifications_created(self, event: NotificationsCreated) -> None:
        """Send each notification to its recipients."""
        for item in event.items:
            self._registry.notify(item.notification, _numbered(item.recipients, item.seqs))

    def _on_notification_changed(self, event: NotificationChanged) -> None:
        """Send the changed text."""
        self._registry.change(event.notification, _numbered(event.recipients, event.seqs))

    def _on_notifications_read(self, event: NotificationsRead) -> None:
        """Send the read marks and the number of unread notifications."""
        self._registry.mark_read(event.user_id, event.seq, event.ids, event.unread)

    def _on_session_ended(self, event: SessionEnded) -> None:
        """Close the websockets of these sessions."""
        self._registry.end_sessions(event.user_id, event.session_ids)

    HANDLERS: ClassVar[dict[type[Event], Callable[["Listener", Any], None]]] = {
        NotificationCreated: _on_notification_created,
        NotificationsCreated: _on_notifications_created,
        NotificationChanged: _on_notification_changed,
        NotificationsRead: _on_notifications_read,
        SessionEnded: _on_session_ended,
    }


def _recipients(kind: type[Event], fields: dict[str, Any]) -> Iterable[str]:
    """Return the users of an event that is not validated yet."""
    if kind is NotificationsRead:
        return [fields["user_id"]]
    items = fields["items"] if kind is NotificationsCreated else [fields]
    return (user for item in items for user in item["recipients"])


def _numbered(users: list[str], seqs: list[int]) -> Iterable[tuple[str, int | None]]:
    """Pair users with the numbers of their frame; events of the previous version have none. Raises ValueError."""
    return zip(users, seqs, strict=True) if seqs else ((user, None) for user in users)


_BY_TYPE = {event.type: event for event in Listener.HANDLERS}
