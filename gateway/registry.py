"""The open websockets of this process, by user."""

import json
from collections import defaultdict
from collections.abc import Iterable

import gevent

from gateway import frames, metrics
from gateway.connection import Connection
from notifications.contract import Notification

STAGGER = 200  # sockets closed at once at a restart, so that their clients do not come back in one wave


class Registry:
    """Who is connected here; frames are encoded once and written to each of their sockets."""

    def __init__(self) -> None:
        self._connections: dict[str, set[Connection]] = defaultdict(set)

    def add(self, connection: Connection) -> None:
        """Let a socket be written to."""
        self._connections[connection.identity.user_id].add(connection)
        metrics.WEBSOCKETS.inc()

    def remove(self, connection: Connection) -> None:
        """Forget a socket."""
        mine = self._connections[connection.identity.user_id]
        mine.discard(connection)
        if not mine:
            del self._connections[connection.identity.user_id]
        metrics.WEBSOCKETS.dec()

    def all(self) -> list[Connection]:
        """Return the sockets of this moment."""
        return [connection for mine in self._connections.values() for connection in mine]

    def open_for(self, user_id: str) -> int:
        """Return how many sockets a user holds here."""
        return len(self._connections.get(user_id, ()))

    def tell(self, notification: Notification, recipients: Iterable[str]) -> None:
        """Write a notification to all sockets of its recipients."""
        frame = notification_frame(notification)
        for user_id in recipients:
            for connection in self._connections.get(user_id, ()):
                connection.deliver(notification.id, frame)

    def end_sessions(self, user_id: str, session_ids: Iterable[str]) -> None:
        """Close the sockets of sessions that ended."""
        ended = set(session_ids)
        for connection in list(self._connections.get(user_id, ())):
            if connection.identity.session_id in ended:
                connection.outlet.end(frames.POLICY_VIOLATION, "the session ended")

    def close_all(self) -> None:
        """Say goodbye before a restart."""
        for number, connection in enumerate(self.all()):
            connection.outlet.end(frames.GOING_AWAY, "restarting")
            if number % STAGGER == STAGGER - 1:
                gevent.sleep(0.1)


def notification_frame(notification: Notification) -> bytes:
    """Encode a notification for websockets."""
    message = {"type": "notification"} | notification.model_dump(mode="json")
    return frames.text(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
