"""The open websockets of this process, by user."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated
from gateway import frames, metrics
from gateway.backends import Backends
from gateway.connection import Connection
from notifications.contract import Notification
from users.contract import Authenticate, Identity

PATROL = 1  # seconds between looks at sessions that expire and lines that went silent
SILENT = 2.5  # ping intervals without a sign of life
RESYNC = 10  # sockets at a time
RETRY = 1  # seconds
PATIENCE = 60  # seconds; after a restart of the broker the services come back one by one
STAGGER = 200  # sockets closed at once at a restart, so that their clients do not come back in one wave

_log = logging.getLogger(__name__)


class Registry:
    """Who is connected here; frames are encoded once and written to each of their sockets."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._ping: float = backends.settings["gateway"]["socket"]["ping"]
        self._next_ping = time.monotonic() + self._ping
        self._turns = BoundedSemaphore(RESYNC)
        self._resyncing = Group()

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

    def hold(self) -> None:
        """Hold back all frames: broadcasts may be missing from now on, and what comes must not overtake them."""
        for connection in self._all():
            connection.hold()

    def resync(self) -> None:
        """Fetch for each socket what was broadcast while the broker was away, and look at its session again.

        A resync that still goes on is given up for the new one.
        """
        self._resyncing.kill(block=False)
        self._resyncing = Group()
        for connection in self._all():
            self._resyncing.spawn(self._resync, connection)

    def _resync(self, connection: Connection) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._resumed(connection):
            if time.monotonic() > deadline:
                connection.outlet.end(frames.TRY_AGAIN_LATER, "come back with ?since=")
                return
            gevent.sleep(RETRY)

    def _resumed(self, connection: Connection) -> bool:
        """Try once; false if a service did not answer."""
        with self._turns:
            try:
                asked = Authenticate(token_hash=connection.token_hash)
                self._backends.rpc.ask("users.authenticate", asked, Identity)
                connection.catch_up(self._backends.rpc)
            except Unauthenticated:
                connection.outlet.end(frames.POLICY_VIOLATION, "the session ended")
            except ServiceError as error:
                _log.warning("a websocket waits to be resumed: %s", error.code)
                return False
        return True

    def patrol(self) -> None:
        """Ping, and close what has expired or gone silent; runs in a greenlet of its own."""
        while True:
            gevent.sleep(PATROL)
            self._close_expired()
            if time.monotonic() >= self._next_ping:
                self._next_ping += self._ping
                self._ping_all()

    def close_all(self) -> None:
        """Say goodbye before a restart."""
        for number, connection in enumerate(list(self._all())):
            connection.outlet.end(frames.GOING_AWAY, "restarting")
            if number % STAGGER == STAGGER - 1:
                gevent.sleep(0.1)

    def _close_expired(self) -> None:
        now = clock.now()
        for connection in self._all():
            if connection.identity.expires_at <= now:
                connection.outlet.end(frames.POLICY_VIOLATION, "the session expired")

    def _ping_all(self) -> None:
        oldest = time.monotonic() - SILENT * self._ping
        for connection in self._all():
            if connection.outlet.last_heard < oldest:
                connection.outlet.abort()
            else:
                connection.outlet.send(frames.PING)

    def _all(self) -> Iterator[Connection]:
        return iter([connection for mine in self._connections.values() for connection in mine])


def notification_frame(notification: Notification) -> bytes:
    """Encode a notification for websockets."""
    message = {"type": "notification"} | notification.model_dump(mode="json")
    return frames.text(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
