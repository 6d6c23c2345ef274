"""Looks after open websockets: is the line alive, does the session live, was anything missed."""

import logging
import time

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Group, Pool

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated
from gateway.rpc.client import RpcClient
from gateway.websocket import frames
from gateway.websocket.connection import Connection
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry
from users.contract import Authenticate, Identity

PAUSE = 1  # seconds between looks
SILENT = 2.5  # ping intervals without a sign of life
LOOK = 600  # seconds after which a session is looked at again
WATCHED = 10  # sessions looked at at a time
RESYNC = 10  # sockets brought up to date at a time
RETRY = 1  # seconds
PATIENCE = 60  # seconds; after a restart of the broker the services come back one by one

_log = logging.getLogger(__name__)


class Vigil:
    """Keeps watch over the sockets of a registry, in greenlets of its own."""

    def __init__(self, registry: Registry, rpc: RpcClient, presence: Presence, ping: float) -> None:
        self._registry = registry
        self._rpc = rpc
        self._presence = presence
        self._ping = ping
        self._turns = BoundedSemaphore(RESYNC)
        self._resyncing = Group()

    def ping(self) -> None:
        """Ping again and again."""
        while True:
            gevent.sleep(self._ping)
            self.ping_all()

    def ping_all(self) -> None:
        """Cut the lines that have gone silent; the users of the others are there."""
        oldest = time.monotonic() - SILENT * self._ping
        there = set()
        for connection in self._registry.all():
            if connection.outlet.last_heard < oldest:
                connection.outlet.abort()
            else:
                connection.outlet.send(frames.PING)
                there.add(connection.identity.user_id)
        self._presence.note(there)

    def watch(self) -> None:
        """Look at sessions again and again."""
        while True:
            gevent.sleep(PAUSE)
            self.look_again()

    def look_again(self) -> None:
        """Look at the sessions whose time has come, some at a time.

        So an open socket counts as being used, and the end of a session is noticed even if its event was lost.
        """
        looking = Pool(WATCHED)
        for connection in self._due():
            looking.spawn(self._look_at, connection)
        looking.join()

    def hold(self) -> None:
        """Hold back all frames: broadcasts may be missing from now on, and what comes must not overtake them."""
        for connection in self._registry.all():
            connection.hold()

    def resync(self) -> None:
        """Fetch for each socket what was broadcast while the broker was away, and look at its session again.

        All are held at once: a frame that came before a socket's turn would hide what was missed before it. A resync
        that still goes on is given up for the new one.
        """
        self._resyncing.kill(block=False)
        self._resyncing = Group()
        self.hold()
        for connection in self._registry.all():
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
                    connection.catch_up(self._rpc)
            except ServiceError as error:
                _log.warning("a websocket waits to be resumed: %s", error.code)
                return False
        return True

    def _due(self) -> list[Connection]:
        """Return those whose session seems to have expired, or has not been looked at for long; the former first."""
        now, long_ago = clock.now(), time.monotonic() - LOOK
        due = [one for one in self._registry.all() if one.identity.expires_at <= now or one.looked_at <= long_ago]
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
            connection.identity = self._rpc.ask("users.authenticate", asked, Identity)
        except Unauthenticated:
            connection.outlet.end(frames.POLICY_VIOLATION, "the session ended")
            return False
        connection.looked_at = time.monotonic()
        return True
