"""The outbox relay publishes committed events in their order, and removes them from the outbox.

The events of a process are published from its memory, in the order of commits. When a batch fails, the relay falls
back: it gives the batch and all that was committed later back to the outbox, and reads from there, the oldest first,
until it has caught up. So what was committed later does not overtake the batch, and other processes can publish it,
too. Only events that the broker returns or rejects, one by one, do not hold up the others.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp import buffers, protocol
from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.db import idempotency
from chassis.db.outbox import event_log, store
from chassis.errors import TEMPORARY
from chassis.observability import metrics

Write = Callable[[], AbstractContextManager[Session]]

BATCH = 200  # events
MAX_IN_MEMORY = 10_000  # events; with more the relay reads them from the outbox
SWEEP_INTERVAL = 2  # seconds between looks for rows whose lease has expired
EXPIRY_INTERVAL = 10  # seconds between deletions of old rows
RETRY_DELAY = timedelta(seconds=1)
# For a batch: a paused broker neither replies nor closes the connection. Below store.LEASE, so that no other process
# leases a row while this one publishes it.
PUBLISH_TIMEOUT = timedelta(seconds=6)
# The broker or the database is unavailable.
_EXPECTED = (*protocol.BROKER_ERRORS, SQLAlchemyError, *TEMPORARY)

_log = logging.getLogger(__name__)


class OutboxRelay(SharedExtension):
    """One greenlet per container. Commits wake it up; every SWEEP_INTERVAL it looks for rows of other processes."""

    _thread: Any = None

    def run(self, write: Write, source: str) -> None:
        """Start publishing the events of a service; `write` opens a transaction in its database."""
        config = self.container.config
        uri, ring = config["AMQP_URI"], keyring.from_config(config)
        self._publisher = BatchPublisher(uri, config["HEARTBEAT"], source, ring, buffers.install)
        self._write = write
        self._source = source
        self._committed: deque[Envelope] = deque()
        self._behind = False  # events are read from the outbox
        self._to_give_back: list[tuple[str, datetime]] = []  # ids and leases, in the order of commits
        self._confirmed: set[str] = set()
        self._wake_up = Signal()
        self._next_sweep = 0.0  # at once: a process that ended may have left rows
        self._next_expiry = 0.0
        self._stopping = False
        self._thread = self.container.spawn_managed_thread(self._loop, identifier="outbox relay")

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish the events that a transaction of this process committed, without waiting.

        Without `run` they stay in the outbox, for the relay of another process.
        """
        if not envelopes or self._thread is None:
            return
        if self._behind or len(self._committed) > MAX_IN_MEMORY:
            self._read_later(envelopes)  # what is in memory now is older, and is published first
        else:
            self._committed.extend(envelopes)
        self._notify()

    def drain(self) -> None:
        """Publish the remaining events and stop, after PUBLISH_TIMEOUT at the latest; the rest stays in the outbox."""
        if self._thread is None:
            return
        self._stopping = True
        self._next_sweep = 0.0
        self._notify()
        with eventlet.Timeout(PUBLISH_TIMEOUT.total_seconds(), False):  # noqa: FBT003 - False: no exception
            self._thread.wait()
        self.kill()

    def kill(self) -> None:
        """Stop at once. Nameko would stop the thread too, but only after the database's connections are closed."""
        if self._thread is not None:
            self._thread.kill()

    def _notify(self) -> None:
        if not self._wake_up.ready():
            self._wake_up.send()

    def _loop(self) -> None:
        while self._committed or self._behind or self._confirmed or not self._stopping:
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - a process without its relay would look healthy
                _log_failure(error)
                self._try_to_give_back()
                eventlet.sleep(RETRY_DELAY.total_seconds())

    def _round(self) -> None:
        self._publish_committed()
        catching_up = self._behind and not self._committed
        if catching_up or time.monotonic() >= self._next_sweep:
            more = self._sweep(catching_up=catching_up)
            self._next_sweep = 0.0 if more else time.monotonic() + SWEEP_INTERVAL
        if not self._committed and self._next_sweep and not self._stopping:
            self._wait()

    def _publish_committed(self) -> None:
        """Publish a batch from memory, unless its lease ends too soon: another process may be publishing it then."""
        batch = [self._committed.popleft() for _ in range(min(BATCH, len(self._committed)))]
        latest = clock.now() + PUBLISH_TIMEOUT
        if all(envelope.leased_until > latest for envelope in batch):
            self._relay(batch)
        else:
            self._fall_back(batch)

    def _wait(self) -> None:
        with eventlet.Timeout(SWEEP_INTERVAL, False):  # noqa: FBT003 - False: no exception
            self._wake_up.wait()
        self._wake_up = Signal()

    def _sweep(self, *, catching_up: bool) -> bool:
        """Publish rows whose lease has expired; return whether there may be more."""
        self._publisher.keep_alive()
        self._remove_confirmed()
        if catching_up:
            self._give_back()
        with self._write() as session:
            self._delete_expired(session)
            expired = store.lease_expired(session, BATCH)
            depth, age = store.depth_and_age(session)
        metrics.OUTBOX_EVENTS.labels(self._source).set(depth)
        metrics.OUTBOX_AGE.labels(self._source).set(age)
        confirmed = self._relay(expired)
        if catching_up and len(expired) < BATCH and not self._to_give_back:
            self._behind = False
        return self._behind or confirmed == BATCH

    def _delete_expired(self, session: Session) -> None:
        if time.monotonic() >= self._next_expiry:
            idempotency.delete_expired(session)
            event_log.delete_expired(session)
            self._next_expiry = time.monotonic() + EXPIRY_INTERVAL

    def _relay(self, envelopes: Sequence[Envelope]) -> int:
        """Publish events, and return the number of confirmed ones.

        If that fails, nothing that was committed later is published before them. Events that the broker rejects or
        returns one by one are released for a later sweep.
        """
        if not envelopes:
            return 0
        try:
            with eventlet.Timeout(PUBLISH_TIMEOUT.total_seconds(), TimeoutError("the broker does not answer")):
                confirmed = self._publisher.publish(envelopes)
        except Exception:
            self._fall_back(envelopes)
            raise
        self._confirmed |= confirmed
        if len(self._confirmed) >= BATCH:
            self._remove_confirmed()
        self._release([envelope.id for envelope in envelopes if envelope.id not in confirmed])
        return len(confirmed)

    def _fall_back(self, envelopes: Sequence[Envelope]) -> None:
        """Read these events, and all in memory, which are younger, from the outbox."""
        self._read_later([*envelopes, *self._committed])
        self._committed.clear()

    def _read_later(self, envelopes: Sequence[Envelope]) -> None:
        self._behind = True
        self._to_give_back += ((envelope.id, envelope.leased_until) for envelope in envelopes)

    def _give_back(self) -> None:
        """End the leases of events that are read later, so that any process may publish them."""
        if given_back := self._to_give_back[:]:
            with self._write() as session:
                store.give_back(session, given_back)
            del self._to_give_back[: len(given_back)]

    def _try_to_give_back(self) -> None:
        """Give back at once after an error: this process may be the only one without a broker."""
        try:
            self._give_back()
        except TEMPORARY as error:
            _log_failure(error)

    def _remove_confirmed(self) -> None:
        """Delete confirmed events from the outbox: many in one transaction at each sweep, instead of one at a time.

        Their lease lasts longer than a sweep. If the process ends before, they are published twice and handled once.
        """
        if self._confirmed:
            with self._write() as session:
                store.remove(session, self._confirmed)
            self._confirmed.clear()

    def _release(self, ids: Sequence[str]) -> None:
        if ids:
            with self._write() as session:
                store.release(session, ids, clock.now() + RETRY_DELAY)


def _log_failure(error: Exception) -> None:
    known = isinstance(error, _EXPECTED)
    _log.warning("the outbox relay failed and will retry: %s", type(error).__name__, exc_info=not known)
