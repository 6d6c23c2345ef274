"""Monitors open websockets: pings, sessions, and the resync after the broker was unavailable."""

import logging
import time

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Group, Pool

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated
from chassis.observability import error_reports
from gateway.rpc.sessions import Sessions
from gateway.websocket import frames
from gateway.websocket.connection import Connection
from gateway.websocket.presence import Presence
from gateway.websocket.registry import GROUPS, Registry
from gateway.websocket.replays import Replays

INTERVAL = 1  # seconds between searches for sessions to check
SILENT = 2.5  # ping intervals without received data, after which a connection counts as dead
CHECK_AFTER = 600  # seconds after which a session is checked again
CHECKED_AT_ONCE = 10  # sessions
RESYNCED_AT_ONCE = 10  # websockets
RETRY = 1  # seconds
GAP_INTERVAL = 0.25  # seconds between searches for gaps
GAP_WAIT = 0.5  # seconds that a frame waits for one before it; events of two processes may overtake each other
RESYNC_LIMIT = 60  # seconds; after a restart of the broker the services return one by one

_log = logging.getLogger(__name__)


class Monitor:
    """Monitors the websockets of a registry, in greenlets of its own; `ping` is the ping interval in seconds."""

    def __init__(
        self, registry: Registry, sessions: Sessions, replays: Replays, presence: Presence, ping: float
    ) -> None:
        self._registry = registry
        self._sessions = sessions
        self._replays = replays
        self._presence = presence
        self._ping = ping
        self._resync_slots = BoundedSemaphore(RESYNCED_AT_ONCE)
        self._resyncing = Group()

    def ping(self) -> None:
        """Ping forever, a group after the other: thousands of pings and their replies at once would delay requests."""
        while True:
            gevent.sleep(self._ping / GROUPS)
            self.ping_group()

    def ping_group(self) -> None:
        """Drop dead connections of the next group, ping the others, and record their users as connected."""
        oldest = time.monotonic() - SILENT * self._ping
        connected = set()
        for connection in self._registry.next_group():
            if connection.buffer.last_received < oldest:
                connection.buffer.abort()
            else:
                connection.buffer.send(frames.PING)
                connected.add(connection.identity.user_id)
        self._presence.record(connected)

    def watch(self) -> None:
        """Check sessions forever."""
        while True:
            gevent.sleep(INTERVAL)
            self.check_sessions()

    def check_sessions(self) -> None:
        """Check the sessions that are due, some at a time.

        So an open websocket counts as use of its session, and the end of a session is noticed even without its event.
        """
        pool = Pool(CHECKED_AT_ONCE)
        for connection in self._due():
            pool.spawn(self._check, connection)
        pool.join()

    def hold(self) -> None:
        """Hold back all frames: broadcasts may be missing, and later ones must not be sent before them."""
        for connection in self._registry.all():
            connection.hold()

    def resync(self) -> None:
        """Replay to each websocket what was broadcast while the broker was unavailable, and check its session.

        All are held at once: a frame sent before a connection's replay would hide what was missed before it. A new
        resync replaces one that is still running.
        """
        self._resyncing.kill(block=False)
        self._resyncing = Group()
        self.hold()
        for connection in self._registry.all():
            self._resyncing.spawn(self._resync, connection)

    def fill_gaps(self) -> None:
        """Fill gaps forever."""
        while True:
            gevent.sleep(GAP_INTERVAL)
            self.fill_gaps_once()

    def fill_gaps_once(self) -> None:
        """Replay to each websocket with a gap what is missing: an event is late, or its process died before it."""
        oldest = time.monotonic() - GAP_WAIT
        for connection in self._registry.all():
            if connection.gap_since is not None and connection.gap_since < oldest:
                connection.hold()
                self._resyncing.spawn(self._resync, connection)

    def _resync(self, connection: Connection) -> None:
        """Resync a websocket; close it after an unhandled error, because its frames would be held for ever."""
        try:
            self._resync_in_time(connection)
        except Exception as error:  # noqa: BLE001 - see above
            _log.exception("a websocket could not be resumed")
            error_reports.report(error)
            connection.give_up()

    def _resync_in_time(self, connection: Connection) -> None:
        deadline = time.monotonic() + RESYNC_LIMIT
        while not self._try_resync(connection):
            if time.monotonic() > deadline:
                connection.give_up()
                return
            gevent.sleep(RETRY)

    def _try_resync(self, connection: Connection) -> bool:
        """Try once; return False if a service did not respond."""
        with self._resync_slots:
            try:
                if self._has_session(connection):
                    connection.catch_up(self._replays)
            except ServiceError as error:
                _log.warning("a websocket waits to be resumed: %s", error.code)
                return False
        return True

    def _due(self) -> list[Connection]:
        """Return connections whose session seems expired or was not checked for long; the expired ones first."""
        now, oldest = clock.now(), time.monotonic() - CHECK_AFTER
        due = [item for item in self._registry.all() if item.identity.expires_at <= now or item.checked_at <= oldest]
        return sorted(due, key=lambda connection: connection.identity.expires_at)

    def _check(self, connection: Connection) -> None:
        """Close the websocket of a session that ended; without a reply the known expiry counts."""
        try:
            self._has_session(connection)
        except ServiceError:
            if connection.identity.expires_at <= clock.now():
                connection.buffer.end(frames.POLICY_VIOLATION, "the session expired")

    def _has_session(self, connection: Connection) -> bool:
        """Request the session of a websocket, and close it if it has none. Raises ServiceError without a reply."""
        try:
            connection.identity = self._sessions.identity(connection.token_hash)
        except Unauthenticated:
            connection.end_session()
            return False
        connection.checked_at = time.monotonic()
        return True
