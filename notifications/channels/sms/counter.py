"""Counts SMS against the daily limits."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from notifications.channels.sms import counts_store, daily_limits
from notifications.channels.sms.daily_limits import Decision, Limits

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts before a request is sent, so that a crash never exceeds a limit.

    Each call is one transaction that locks the total of the day, so that concurrent processes never exceed a limit.
    """

    db: UnitOfWork
    limits: Limits

    def reserve(self, numbers: Collection[str]) -> tuple[date, Decision]:
        """Count one SMS to each number, as far as the limits allow; return the day (UTC) and the decision."""
        day = clock.now().date()
        subjects = {number: self.limits.subject(number) for number in numbers}
        with self.db.write() as session:
            total = counts_store.lock_total(session, day, self.limits.total)
            counts = counts_store.counts(session, day, subjects.values())
            sent_today = {number: counts.get(subject, 0) for number, subject in subjects.items()}
            decision = daily_limits.decide(self.limits, sent_today, total)
            counts_store.add(session, day, self.limits.total, [subjects[number] for number in decision.allowed], 1)
            used_up = daily_limits.BUDGET_USED_UP in decision.rejected.values()
            first_alert = used_up and counts_store.is_first_alert(session, day, self.limits.total)
        if first_alert:
            _log.error("today's budget of %s SMS is used up: no SMS is sent before midnight UTC", self.limits.budget)
        return day, decision

    def release(self, day: date, numbers: Collection[str]) -> None:
        """Subtract SMS that were not sent; after an error they stay counted."""
        if not numbers:
            return
        try:
            with self.db.write() as session:
                counts_store.lock_total(session, day, self.limits.total)
                counts_store.add(
                    session, day, self.limits.total, [self.limits.subject(number) for number in numbers], -1
                )
        except ServiceError as error:
            _log.warning("%s unsent SMS stay counted: %s", len(numbers), error)
