"""Removes old rows: read inbox rows, finished deliveries, and notifications without recipients."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis import clock, ids
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.provider import SharedProvider
from notifications.channels import registry
from notifications.cleanup import retention_store
from notifications.models import Delivery, DeliveryReceipt, PostUpdate

BATCH = 500  # rows per transaction, so that other writers wait briefly
PAUSE = 0.05  # seconds between transactions, for other writers
RUN_SECONDS = 10  # the next run continues
SHORT = timedelta(days=2)  # for receipts, and the channels' daily tables: they matter until deliveries are recorded

_log = logging.getLogger(__name__)


class Retention:
    """Removes rows after some days; with 0 days they are kept. Raises ValueError for invalid days."""

    def __init__(self, days: Any) -> None:
        if not isinstance(days, int) or days < 0:
            raise ValueError("RETENTION_DAYS must be a whole number of days; 0 keeps everything")
        self._days = days
        self._last_checked = ""  # the notification at which the last run stopped

    @property
    def horizon(self) -> datetime | None:
        """The time before which rows are old; None if they are kept."""
        return clock.now() - timedelta(days=self._days) if self._days else None

    def is_old(self, created_at: datetime) -> bool:
        """Return whether a row of that time may have been removed."""
        horizon = self.horizon
        return horizon is not None and created_at < horizon

    def run(self, db: UnitOfWork) -> None:
        """Remove old rows, for RUN_SECONDS at most."""
        run = _Run(db, time.monotonic() + RUN_SECONDS)
        try:
            self._remove(run)
        except ServiceError as error:
            _log.warning("removal of old rows is delayed: %s", error)
        if removed := +run.removed:
            _log.info("removed %s", ", ".join(f"{number} {table}" for table, number in removed.items()))

    def _remove(self, run: "_Run") -> None:
        recent = clock.now() - SHORT
        run.remove_old(DeliveryReceipt.created_at, recent)
        for channel in registry.CHANNELS:
            for day in channel.daily_tables:
                run.remove_old(day, recent.date())
        if horizon := self.horizon:
            run.remove_old(Delivery.updated_at, horizon, Delivery.due_at.is_(None))
            run.remove("inbox", lambda session: retention_store.read_inbox_rows(session, horizon, BATCH))
            run.remove_old(PostUpdate.changed_at, horizon)
            self._last_checked = run.remove_notifications(self._last_checked, ids.first_id(horizon))


class _Run:
    """One run, with its deadline."""

    def __init__(self, db: UnitOfWork, deadline: float) -> None:
        self.removed: Counter[str] = Counter()
        self._db = db
        self._deadline = deadline

    def remove_old(self, column: InstrumentedAttribute[Any], before: date, *conditions: ColumnElement[bool]) -> None:
        """Remove the rows of a table with a time before another."""
        table = column.class_.__tablename__
        self.remove(table, lambda session: retention_store.old_rows(session, column, before, BATCH, *conditions))

    def remove(self, table: str, remove_batch: Callable[[Session], int]) -> None:
        """Remove batches until one is not full, or the time is over."""
        while self._has_time():
            with self._db.write() as session:
                removed = remove_batch(session)
            self.removed[table] += removed
            if removed < BATCH:
                return
            time.sleep(PAUSE)

    def remove_notifications(self, after: str, before: str) -> str:
        """Check all notifications between two ids; return the last one that was checked, or "" at the end."""
        while self._has_time():
            with self._db.read() as session:
                checked = retention_store.next_notifications(session, after, before, BATCH)
            if unused := [notification for notification, is_unused in checked if is_unused]:
                with self._db.write() as session:
                    self.removed["notifications"] += retention_store.unused_notifications(session, unused)
            if len(checked) < BATCH:
                return ""
            after = checked[-1][0]
            time.sleep(PAUSE)
        return after

    def _has_time(self) -> bool:
        return time.monotonic() < self._deadline


class RetentionProvider(SharedProvider[Retention]):
    """Provides Retention."""

    def create(self) -> Retention:
        """Read the configuration."""
        return Retention(self.container.config["notifications"]["retention"]["days"])
