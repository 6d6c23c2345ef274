"""The outbox relay: publishes what was committed, then takes it out of the outbox."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension
from sqlalchemy.exc import SQLAlchemyError

from chassis import clock, idempotency, outbox, tokens, wire
from chassis.publisher import BatchPublisher

if TYPE_CHECKING:
    from chassis.database import Sessions

BATCH = 200  # events
IN_MEMORY = 10_000  # events; beyond it they wait in the outbox alone, and are taken over when their lease ran out
SWEEP = 2  # seconds between looks for rows that nobody publishes
RETRY = timedelta(seconds=1)
PATIENCE = 15  # seconds for a whole batch: a paused broker neither answers nor hangs up

_log = logging.getLogger(__name__)


class Relay(SharedExtension):
    """Runs one greenlet per process; woken by commits, and every SWEEP seconds to look for leftovers."""

    def begin(self, sessions: Sessions, source: str) -> None:
        """Start publishing for a service from its database."""
        config = self.container.config
        keys = tokens.parse_keys(config["service_token_keys"])
        self._publisher = BatchPublisher(config["AMQP_URI"], config["HEARTBEAT"], source, keys)
        self._sessions = sessions
        self._fresh: deque[outbox.Envelope] = deque()
        self._wake = Signal()
        self._next_sweep = 0.0  # at once: a process that died may have left something
        self.container.spawn_managed_thread(self._run, identifier="outbox relay")

    def publish(self, envelopes: Sequence[outbox.Envelope]) -> None:
        """Take over what a transaction of this process committed."""
        if not envelopes or len(self._fresh) > IN_MEMORY:
            return
        self._fresh.extend(envelopes)
        if not self._wake.ready():
            self._wake.send()

    def _run(self) -> None:
        while True:
            try:
                self._round()
            except (*wire.BROKER_ERRORS, SQLAlchemyError) as error:
                _log.warning("the outbox waits: %s", type(error).__name__)
                eventlet.sleep(RETRY.total_seconds())

    def _round(self) -> None:
        self._relay([self._fresh.popleft() for _ in range(min(BATCH, len(self._fresh)))])
        if time.monotonic() >= self._next_sweep:
            self._sweep()
            self._next_sweep = time.monotonic() + SWEEP
        if not self._fresh:
            self._wait()

    def _wait(self) -> None:
        with eventlet.Timeout(SWEEP, False):  # noqa: FBT003 - eventlet's way to say: just go on
            self._wake.wait()
        self._wake = Signal()

    def _sweep(self) -> None:
        """Look for rows of dead processes, and for what the broker refused."""
        self._publisher.keep_alive()
        with self._sessions.write() as session:
            idempotency.forget_old(session)
            leftovers = outbox.take_over(session, BATCH)
        self._relay(leftovers)

    def _relay(self, envelopes: Sequence[outbox.Envelope]) -> None:
        if not envelopes:
            return
        try:
            with eventlet.Timeout(PATIENCE, TimeoutError("the broker does not answer")):
                confirmed = self._publisher.publish(envelopes)
        except Exception:
            self._give_back([envelope.id for envelope in envelopes])
            raise
        with self._sessions.write() as session:
            outbox.remove(session, confirmed)
        self._give_back([envelope.id for envelope in envelopes if envelope.id not in confirmed])

    def _give_back(self, ids: Sequence[str]) -> None:
        if ids:
            with self._sessions.write() as session:
                outbox.give_back(session, ids, clock.now() + RETRY)
