"""SQL of the SMS counts."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new, upsert
from notifications.models import SmsCount


def lock_total(session: Session, day: date, total: str) -> int:
    """Return the count of `total` on a day, locked until the commit, so that only one transaction counts at a time."""
    insert_new(session, SmsCount, {"day": day, "subject": total, "used": 0})
    query = select(SmsCount.used).where(SmsCount.day == day, SmsCount.subject == total)
    return session.scalars(query.with_for_update()).one()


def counts(session: Session, day: date, subjects: Iterable[str]) -> dict[str, int]:
    """Return the counts of a day by subject, without those that are 0."""
    query = select(SmsCount.subject, SmsCount.used).where(SmsCount.day == day, SmsCount.subject.in_(list(subjects)))
    return {row.subject: row.used for row in session.execute(query)}


def add(session: Session, day: date, total: str, subjects: Collection[str], change: int) -> None:
    """Add `change` (1 or -1) to the count of each subject, and to the total for each."""
    rows = [{"day": day, "subject": subject, "used": change} for subject in subjects]
    if rows:
        rows.append({"day": day, "subject": total, "used": change * len(subjects)})
        statement = upsert(session, SmsCount)
        values = {"used": SmsCount.used + statement.excluded.used}
        keys = [SmsCount.day, SmsCount.subject]
        session.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)


def is_first_alert(session: Session, day: date, total: str) -> bool:
    """Return True at the first call for a day, False afterwards."""
    return insert_new(session, SmsCount, {"day": day, "subject": f"{total} used up", "used": 1})
