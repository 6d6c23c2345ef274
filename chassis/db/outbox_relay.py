"""The outbox relay: publishes what was committed, then takes it out of the outbox."""

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
from chassis.db import idempotency, outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable
from chassis.observability import metrics

BATCH = 200  # events
IN_MEMORY = 10_000  # events; beyond it they wait in the outbox alone, and are taken over when their lease ran out
SWEEP = 2  # seconds between looks for rows that nobody publishes
RETRY = timedelta(seconds=1)
# For a whole batch: a paused broker neither answers nor hangs up. Below outbox.LEASE, so that nobody takes a row over
# while we publish it.
PATIENCE = timedelta(seconds=6)
_EXPECTED = (*protocol.BROKER_ERRORS, SQLAlchemyError, Unavailable)  # the broker or the database is away

_log = logging.getLogger(__name__)


class Relay(SharedExtension):
    """Runs one greenlet per process; woken by commits, and every SWEEP seconds to look for leftovers."""

    _thread: Any = None

    def begin(self, sessions: UnitOfWork, source: str) -> None:
        """Start publishing for a service from its database."""
        config = self.container.config
        self._publisher = BatchPublisher(config["AMQP_URI"], config["HEARTBEAT"], source, keyring.from_config(config))
        self._sessions = sessions
        self._source = source
        self._fresh: deque[Envelope] = deque()
        self._confirmed: set[str] = set()
        self._wake = Signal()
        self._next_sweep = 0.0  # at once: a process that died may have left something
        self._ending = False
        self._thread = self.container.spawn_managed_thread(self._run, identifier="outbox relay")

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Take over what a transaction of this process committed."""
        if not envelopes or len(self._fresh) > IN_MEMORY:
            return
        self._fresh.extend(envelopes)
        self._rouse()

    def drain(self) -> None:
        """Publish what the last calls committed and end; with the broker away the outbox keeps it for the next life."""
        if self._thread is None:
            return
        self._ending = True
        self._next_sweep = 0.0
        self._rouse()
        with eventlet.Timeout(PATIENCE.total_seconds(), False):  # noqa: FBT003 - eventlet's way to say: just go on
            self._thread.wait()

    def _rouse(self) -> None:
        if not self._wake.ready():
            self._wake.send()

    def _run(self) -> None:
        while self._fresh or self._confirmed or not self._ending:
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - without its relay a process would only look healthy
                _log.warning("the outbox waits: %s", type(error).__name__, exc_info=not isinstance(error, _EXPECTED))
                eventlet.sleep(RETRY.total_seconds())

    def _round(self) -> None:
        if time.monotonic() >= self._next_sweep:  # first, so that what is confirmed is forgotten before its lease ends
            more = self._sweep()
            self._next_sweep = 0.0 if more else time.monotonic() + SWEEP
        batch = [self._fresh.popleft() for _ in range(min(BATCH, len(self._fresh)))]
        safe = clock.now() + PATIENCE
        self._relay([envelope for envelope in batch if envelope.leased_until > safe])
        if not self._fresh and self._next_sweep and not self._ending:
            self._wait()

    def _wait(self) -> None:
        with eventlet.Timeout(SWEEP, False):  # noqa: FBT003 - eventlet's way to say: just go on
            self._wake.wait()
        self._wake = Signal()

    def _sweep(self) -> bool:
        """Look for rows of dead processes, and for what the broker refused; say whether to go on at once."""
        self._publisher.keep_alive()
        self._forget()
        with self._sessions.write() as session:
            idempotency.forget_old(session)
            leftovers = outbox.take_over(session, BATCH)
            depth, age = outbox.depth_and_age(session)
        metrics.OUTBOX_EVENTS.labels(self._source).set(depth)
        metrics.OUTBOX_AGE.labels(self._source).set(age)
        return self._relay(leftovers) == BATCH

    def _relay(self, envelopes: Sequence[Envelope]) -> int:
        """Publish, and return how many the broker confirmed; the others are given back."""
        if not envelopes:
            return 0
        try:
            with eventlet.Timeout(PATIENCE.total_seconds(), TimeoutError("the broker does not answer")):
                confirmed = self._publisher.publish(envelopes)
        except Exception:
            self._give_back([envelope.id for envelope in envelopes])
            raise
        self._confirmed |= confirmed
        if len(self._confirmed) >= BATCH:
            self._forget()
        self._give_back([envelope.id for envelope in envelopes if envelope.id not in confirmed])
        return len(confirmed)

    def _forget(self) -> None:
        """Take out of the outbox what the broker has.

        A transaction for many at each sweep instead of one for each: their lease lasts longer than that, and should we
        die first, they are published twice and handled once.
        """
        if self._confirmed:
            with self._sessions.write() as session:
                outbox.remove(session, self._confirmed)
            self._confirmed.clear()

    def _give_back(self, ids: Sequence[str]) -> None:
        if ids:
            with self._sessions.write() as session:
                outbox.give_back(session, ids, clock.now() + RETRY)
