"""Counts SMS against the limits of the day: before a request, so that a crash can only leave too few."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from notifications.channels.sms import daily_limits, sms_store
from notifications.channels.sms.daily_limits import Decision, Limits

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Each call is a transaction of its own in which all processes take turns: no limit is exceeded by one message."""

    db: UnitOfWork
    limits: Limits

    def reserve(self, numbers: Collection[str]) -> tuple[date, Decision]:
        """Count one message to each number, as far as the limits allow; return also the day that it counts for."""
        day = clock.now().date()
        subjects = {number: self.limits.subject(number) for number in numbers}
        with self.db.write() as session:
            total = sms_store.total(session, day)
            used = sms_store.used(session, day, subjects.values())
            had = {number: used.get(subject, 0) for number, subject in subjects.items()}
            decision = daily_limits.decide(self.limits, had, total)
            sms_store.add(session, day, [subjects[number] for number in decision.granted], 1)
            alarm = daily_limits.USED_UP in decision.rejected.values() and sms_store.is_first_alarm(session, day)
        if alarm:
            _log.error("today's budget of %s SMS is used up: no more go out before midnight UTC", self.limits.budget)
        return day, decision

    def give_back(self, day: date, numbers: Collection[str]) -> None:
        """Count off what surely never went out; if that cannot be done, the day has so many messages less."""
        if not numbers:
            return
        try:
            with self.db.write() as session:
                sms_store.total(session, day)
                sms_store.add(session, day, [self.limits.subject(number) for number in numbers], -1)
        except ServiceError as error:
            _log.warning("%s SMS that never went out stay counted: %s", len(numbers), error)
