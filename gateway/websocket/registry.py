"""The open websockets of this process, by user."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import gevent

from chassis import clock
from chassis.ids import time_of
from gateway import metrics
from gateway.websocket import frames, messages
from gateway.websocket.connection import Connection
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
        frame = messages.notification(notification)
        for connection in self._of(recipients):
            connection.notify(notification.id, frame)
        if post_id := notification.data.get("post_id"):
            metrics.FRAME_SECONDS.observe((clock.now() - time_of(post_id)).total_seconds())

    def change(self, notification: Notification, recipients: Iterable[str]) -> None:
        """Write the new words of a notification to all sockets of its recipients."""
        frame = messages.changed(notification)
        for connection in self._of(recipients):
            connection.change(frame)

    def read(self, user_id: str, ids: list[str], unread: int | None) -> None:
        """Write to all sockets of a user what was read; without `unread` each counts on as it did."""
        for connection in self._of([user_id]):
            connection.read(ids, unread)

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

    def _of(self, users: Iterable[str]) -> Iterator[Connection]:
        for user_id in users:
            yield from self._connections.get(user_id, ())
