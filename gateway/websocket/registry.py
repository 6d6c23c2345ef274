"""The open websockets of this process, by user."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, cycle

import gevent

from chassis import clock
from chassis.ids import time_of
from gateway import metrics
from gateway.websocket import frames
from gateway.websocket.connection import Connection, LiveFrame
from gateway.websocket.ended_sessions import EndedSessions
from notifications.contract import Notification

Numbered = Iterable[tuple[str, int | None]]  # users, and the number of the frame for each

GROUPS = 29  # of connections; a prime number, so that their hashes, which are addresses, spread evenly
CLOSED_AT_ONCE = 200  # websockets at shutdown, so that their clients do not reconnect all at the same time
CLOSE_INTERVAL = 0.1  # seconds between such groups


class Registry:
    """Sends frames to users' websockets; a frame is encoded once for all of them, except its number."""

    def __init__(self) -> None:
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._groups: list[set[Connection]] = [set() for _ in range(GROUPS)]
        self._next_group = cycle(self._groups)
        self._ended = EndedSessions()
        self._closing = False

    def add(self, connection: Connection) -> None:
        """Add an open websocket; close it if during the handshake its session ended, or this process began to stop."""
        self._connections[connection.identity.user_id].add(connection)
        self._group_of(connection).add(connection)
        metrics.WEBSOCKETS.inc()
        if connection.identity.session_id in self._ended:
            connection.end_session()
        elif self._closing:
            connection.go_away()

    def remove(self, connection: Connection) -> None:
        """Remove a closed websocket."""
        own = self._connections[connection.identity.user_id]
        own.discard(connection)
        if not own:
            del self._connections[connection.identity.user_id]
        self._group_of(connection).discard(connection)
        metrics.WEBSOCKETS.dec()

    def all(self) -> list[Connection]:
        """Return the websockets that are open now."""
        return [*chain.from_iterable(self._groups)]

    def next_group(self) -> list[Connection]:
        """Return the websockets of the next of GROUPS groups of about the same size."""
        return list(next(self._next_group))

    def has_any(self, users: Iterable[str]) -> bool:
        """Return whether one of these users has an open websocket."""
        return not self._connections.keys().isdisjoint(users)

    def notify(self, notification: Notification, recipients: Numbered) -> None:
        """Send a notification to all websockets of its recipients."""
        self._send(frames.notification(notification), recipients, notification.id)
        if post_id := notification.data.get("post_id"):
            metrics.FRAME_SECONDS.observe((clock.now() - time_of(post_id)).total_seconds())

    def change(self, notification: Notification, recipients: Numbered) -> None:
        """Send the changed text of a notification to all websockets of its recipients."""
        self._send(frames.changed(notification), recipients)

    def mark_read(self, user_id: str, seq: int | None, ids: list[str], unread: int) -> None:
        """Send read marks to all websockets of a user."""
        self._send(frames.read(ids, unread), [(user_id, seq)])

    def end_sessions(self, user_id: str, session_ids: Iterable[str]) -> None:
        """Close the websockets of sessions that ended."""
        ended = set(session_ids)
        self._ended.add(ended)
        for connection in list(self._connections.get(user_id, ())):
            if connection.identity.session_id in ended:
                connection.end_session()

    def close_all(self) -> None:
        """Close all websockets before a restart, in groups, and those that connect from now on.

        gunicorn accepts connections a little longer, and would wait for their end until its graceful timeout.
        """
        self._closing = True
        for number, connection in enumerate(self.all()):
            connection.go_away()
            if number % CLOSED_AT_ONCE == CLOSED_AT_ONCE - 1:
                gevent.sleep(CLOSE_INTERVAL)

    def _group_of(self, connection: Connection) -> set[Connection]:
        return self._groups[hash(connection) % GROUPS]

    def _send(self, template: frames.Template, recipients: Numbered, notification_id: str | None = None) -> None:
        for user_id, seq in recipients:
            if connections := self._connections.get(user_id):
                frame = LiveFrame(seq, template.numbered(seq), notification_id)
                for connection in connections:
                    connection.receive(frame)
