"""The outbox relay publishes committed events and removes them from the outbox."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from sqlalchemy.exc import SQLAlchemyError

from chassis import clock
from chassis.amqp import protocol
from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.db import event_log, idempotency, outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable
from chassis.observability import metrics

BATCH = 200  # events
MAX_IN_MEMORY = 10_000  # events; further ones are read from the outbox when their lease expires
SWEEP_INTERVAL = 2  # seconds between looks for rows whose lease has expired
RETRY_DELAY = timedelta(seconds=1)
# For a batch: a paused broker neither replies nor closes the connection. Below outbox.LEASE, so that no other process
# leases a row while this one publishes it.
PUBLISH_TIMEOUT = timedelta(seconds=6)
_EXPECTED = (*protocol.BROKER_ERRORS, SQLAlchemyError, Unavailable)  # the broker or the database is unavailable

_log = logging.getLogger(__name__)


class OutboxRelay(SharedExtension):
    """One greenlet per container. Commits wake it up; every SWEEP_INTERVAL it looks for rows of other processes."""

    _thread: Any = None

    def run(self, transactions: UnitOfWork, source: str) -> None:
        """Start publishing the events of a service from its database."""
        config = self.container.config
        self._publisher = BatchPublisher(config["AMQP_URI"], config["HEARTBEAT"], source, keyring.from_config(config))
        self._transactions = transactions
        self._source = source
        self._committed: deque[Envelope] = deque()
        self._confirmed: set[str] = set()
        self._wake_up = Signal()
        self._next_sweep = 0.0  # at once: a process that ended may have left rows
        self._stopping = False
        self._thread = self.container.spawn_managed_thread(self._loop, identifier="outbox relay")

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish the events that a transaction of this process committed, without waiting."""
        if not envelopes or len(self._committed) > MAX_IN_MEMORY:
            return
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
        while self._committed or self._confirmed or not self._stopping:
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - a process without its relay would look healthy
                known = isinstance(error, _EXPECTED)
                _log.warning("the outbox relay failed and will retry: %s", type(error).__name__, exc_info=not known)
                eventlet.sleep(RETRY_DELAY.total_seconds())

    def _round(self) -> None:
        if time.monotonic() >= self._next_sweep:  # first, to remove confirmed events before their lease expires
            more = self._sweep()
            self._next_sweep = 0.0 if more else time.monotonic() + SWEEP_INTERVAL
        batch = [self._committed.popleft() for _ in range(min(BATCH, len(self._committed)))]
        latest = clock.now() + PUBLISH_TIMEOUT
        self._relay([envelope for envelope in batch if envelope.leased_until > latest])
        if not self._committed and self._next_sweep and not self._stopping:
            self._wait()

    def _wait(self) -> None:
        with eventlet.Timeout(SWEEP_INTERVAL, False):  # noqa: FBT003 - False: no exception
            self._wake_up.wait()
        self._wake_up = Signal()

    def _sweep(self) -> bool:
        """Publish rows whose lease has expired; return whether there may be more."""
        self._publisher.keep_alive()
        self._remove_confirmed()
        with self._transactions.write() as session:
            idempotency.delete_expired(session)
            event_log.delete_expired(session)
            expired = outbox.lease_expired(session, BATCH)
            depth, age = outbox.depth_and_age(session)
        metrics.OUTBOX_EVENTS.labels(self._source).set(depth)
        metrics.OUTBOX_AGE.labels(self._source).set(age)
        return self._relay(expired) == BATCH

    def _relay(self, envelopes: Sequence[Envelope]) -> int:
        """Publish events, release those that the broker did not confirm, and return the number of confirmed ones."""
        if not envelopes:
            return 0
        try:
            with eventlet.Timeout(PUBLISH_TIMEOUT.total_seconds(), TimeoutError("the broker does not answer")):
                confirmed = self._publisher.publish(envelopes)
        except Exception:
            self._release([envelope.id for envelope in envelopes])
            raise
        self._confirmed |= confirmed
        if len(self._confirmed) >= BATCH:
            self._remove_confirmed()
        self._release([envelope.id for envelope in envelopes if envelope.id not in confirmed])
        return len(confirmed)

    def _remove_confirmed(self) -> None:
        """Delete confirmed events from the outbox: many in one transaction at each sweep, instead of one at a time.

        Their lease lasts longer than a sweep. If the process ends before, they are published twice and handled once.
        """
        if self._confirmed:
            with self._transactions.write() as session:
                outbox.remove(session, self._confirmed)
            self._confirmed.clear()

    def _release(self, ids: Sequence[str]) -> None:
        if ids:
            with self._transactions.write() as session:
                outbox.release(session, ids, clock.now() + RETRY_DELAY)
