"""The open websockets of this process, by user."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import gevent

from chassis import clock
from chassis.ids import time_of
from gateway import metrics
from gateway.websocket import frames
from gateway.websocket.connection import Connection
from gateway.websocket.ended_sessions import EndedSessions
from notifications.contract import Notification

CLOSED_AT_ONCE = 200  # websockets at shutdown, so that their clients do not reconnect all at the same time
CLOSE_INTERVAL = 0.1  # seconds between such groups


class Registry:
    """Sends frames to users' websockets; a frame is encoded once for all of them."""

    def __init__(self) -> None:
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._ended = EndedSessions()

    def add(self, connection: Connection) -> None:
        """Add an open websocket; close it if its session ended during the handshake."""
        self._connections[connection.identity.user_id].add(connection)
        metrics.WEBSOCKETS.inc()
        if connection.identity.session_id in self._ended:
            connection.buffer.end(frames.POLICY_VIOLATION, "the session ended")

    def remove(self, connection: Connection) -> None:
        """Remove a closed websocket."""
        own = self._connections[connection.identity.user_id]
        own.discard(connection)
        if not own:
            del self._connections[connection.identity.user_id]
        metrics.WEBSOCKETS.dec()

    def all(self) -> list[Connection]:
        """Return the websockets that are open now."""
        return [connection for own in self._connections.values() for connection in own]

    def notify(self, notification: Notification, recipients: Iterable[str]) -> None:
        """Send a notification to all websockets of its recipients."""
        frame = frames.notification(notification)
        for connection in self._of(recipients):
            connection.notify(notification.id, frame)
        if post_id := notification.data.get("post_id"):
            metrics.FRAME_SECONDS.observe((clock.now() - time_of(post_id)).total_seconds())

    def change(self, notification: Notification, recipients: Iterable[str]) -> None:
        """Send the changed text of a notification to all websockets of its recipients."""
        frame = frames.changed(notification)
        for connection in self._of(recipients):
            connection.change(frame)

    def mark_read(self, user_id: str, ids: list[str], unread: int | None) -> None:
        """Send read marks to all websockets of a user; without `unread` each keeps its count."""
        for connection in self._of([user_id]):
            connection.mark_read(ids, unread)

    def end_sessions(self, user_id: str, session_ids: Iterable[str]) -> None:
        """Close the websockets of sessions that ended."""
        ended = set(session_ids)
        self._ended.add(ended)
        for connection in list(self._connections.get(user_id, ())):
            if connection.identity.session_id in ended:
                connection.buffer.end(frames.POLICY_VIOLATION, "the session ended")

    def close_all(self) -> None:
        """Close all websockets before a restart, in groups."""
        for number, connection in enumerate(self.all()):
            connection.buffer.end(frames.GOING_AWAY, "restarting")
            if number % CLOSED_AT_ONCE == CLOSED_AT_ONCE - 1:
                gevent.sleep(CLOSE_INTERVAL)

    def _of(self, users: Iterable[str]) -> Iterator[Connection]:
        for user_id in users:
            yield from self._connections.get(user_id, ())
