"""Removes what is older than it is to be kept: read inbox rows, finished deliveries, and what nobody has any more."""

import logging
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis import clock, ids
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from notifications.cleanup import retention_store

BATCH = 500  # rows a transaction, so that nobody waits long for it
PAUSE = 0.05  # seconds between transactions, in which others write
ROUND = 10  # seconds a run; what is left then is for the next one
SHORT = timedelta(days=2)  # that counts of SMS are kept, and reports: they matter until their delivery is recorded

_log = logging.getLogger(__name__)


class Retention:
    """Keeps things for some days; 0 is for ever."""

    def __init__(self, days: Any) -> None:
        if not isinstance(days, int) or days < 0:
            raise ValueError("RETENTION_DAYS must be a whole number of days; 0 keeps everything")
        self._days = days
        self._after = ""  # the notification that the last run looked at last

    @property
    def horizon(self) -> datetime | None:
        """The moment before which everything is old, if there is one."""
        return clock.now() - timedelta(days=self._days) if self._days else None

    def forgets(self, moment: datetime) -> bool:
        """Tell whether what happened then may be forgotten already."""
        horizon = self.horizon
        return horizon is not None and moment < horizon

    def run(self, db: UnitOfWork) -> None:
        """Remove what is old at this moment, in ROUND seconds at most."""
        run = _Run(db, time.monotonic() + ROUND)
        try:
            self._remove(run)
        except ServiceError as error:
            _log.warning("what is old stays for a while: %s", error)
        if removed := +run.removed:
            _log.info("removed %s", ", ".join(f"{number} {name}" for name, number in removed.items()))

    def _remove(self, run: "_Run") -> None:
        recently = clock.now() - SHORT
        run.remove(retention_store.sms_counts, recently.date())
        run.remove(retention_store.delivery_reports, recently)
        if horizon := self.horizon:
            run.remove(retention_store.finished_deliveries, horizon)
            run.remove(retention_store.read_inbox_rows, horizon)
            run.remove(retention_store.news_of_posts, horizon)
            self._after = run.remove_notifications(self._after, ids.first_id(horizon))


class _Run:
    """A run and its deadline."""

    def __init__(self, db: UnitOfWork, deadline: float) -> None:
        self.removed: Counter[str] = Counter()
        self._db = db
        self._deadline = deadline

    def remove(self, remove: retention_store.Remove, before: Any) -> None:
        while self._goes_on():
            with self._db.write() as session:
                removed = remove(session, before, BATCH)
            self.removed[remove.__name__] += removed
            if removed < BATCH:
                return
            time.sleep(PAUSE)

    def remove_notifications(self, after: str, before: str) -> str:
        """Look at all that are old, from where the last run stopped; return the last one, nothing at their end."""
        while self._goes_on():
            with self._db.read() as session:
                found = retention_store.next_notifications(session, after, before, BATCH)
            if unused := [notification for notification, is_unused in found if is_unused]:
                with self._db.write() as session:
                    self.removed["notifications"] += retention_store.notifications(session, unused)
            if len(found) < BATCH:
                return ""
            after = found[-1][0]
            time.sleep(PAUSE)
        return after

    def _goes_on(self) -> bool:
        return time.monotonic() < self._deadline


class RetentionProvider(DependencyProvider):
    """Provides the retention that the configuration asks for."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Retention: ...

    def setup(self) -> None:
        """Read the configuration; nonsense stops the start."""
        self._retention = Retention(self.container.config["notifications"]["retention"]["days"])

    def get_dependency(self, worker_ctx: WorkerContext) -> Retention:  # noqa: ARG002 - Nameko's signature
        """Return it."""
        return self._retention
