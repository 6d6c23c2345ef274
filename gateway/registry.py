"""The open websockets of this process, by user."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Group, Pool

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated
from gateway import frames, metrics
from gateway.backends import Backends
from gateway.connection import Connection
from notifications.contract import Notification
from users.contract import Authenticate, Identity

PATROL = 1  # seconds between looks at sessions that expire and lines that went silent
LOOK = 600  # seconds after which a session is looked at again
WATCHED = 10  # sessions looked at a time
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
                if self._is_signed_in(connection):
                    connection.catch_up(self._backends.rpc)
            except ServiceError as error:
                _log.warning("a websocket waits to be resumed: %s", error.code)
                return False
        return True

    def patrol(self) -> None:
        """Ping, and close what has gone silent; runs in a greenlet of its own."""
        while True:
            gevent.sleep(PATROL)
            if time.monotonic() >= self._next_ping:
                self._next_ping += self._ping
                self._ping_all()

    def watch(self) -> None:
        """Look at sessions again from time to time; runs in a greenlet of its own."""
        while True:
            gevent.sleep(PATROL)
            self.look_again()

    def look_again(self) -> None:
        """Look at the sessions whose time has come, some at a time.

        So an open socket counts as being used, and the end of a session is noticed even if its event was lost.
        """
        looking = Pool(WATCHED)
        for connection in self._due():
            looking.spawn(self._look_at, connection)
        looking.join()

    def _due(self) -> list[Connection]:
        """Return those whose session seems to have expired, or has not been looked at for long; the former first."""
        now, long_ago = clock.now(), time.monotonic() - LOOK
        due = [one for one in self._all() if one.identity.expires_at <= now or one.looked_at <= long_ago]
        return sorted(due, key=lambda connection: connection.identity.expires_at)

    def _look_at(self, connection: Connection) -> None:
        """Close the socket of a session that has ended; without an answer what was known last counts."""
        try:
            self._is_signed_in(connection)
        except ServiceError:
            if connection.identity.expires_at <= clock.now():
                connection.outlet.end(frames.POLICY_VIOLATION, "the session expired")

    def _is_signed_in(self, connection: Connection) -> bool:
        """Ask for the session of a socket and close it if there is none. Raises ServiceError without an answer."""
        asked = Authenticate(token_hash=connection.token_hash)
        try:
            connection.identity = self._backends.rpc.ask("users.authenticate", asked, Identity)
        except Unauthenticated:
            connection.outlet.end(frames.POLICY_VIOLATION, "the session ended")
            return False
        connection.looked_at = time.monotonic()
        return True

    def close_all(self) -> None:
        """Say goodbye before a restart."""
        for number, connection in enumerate(list(self._all())):
            connection.outlet.end(frames.GOING_AWAY, "restarting")
            if number % STAGGER == STAGGER - 1:
                gevent.sleep(0.1)

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
