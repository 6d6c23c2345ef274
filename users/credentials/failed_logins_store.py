"""SQL of wrong passwords."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import batch, upsert
from users.models import Guesses, User

KEPT = timedelta(hours=24)


def add(session: Session, subject: str, moment: datetime) -> Row[int, datetime | None]:
    """Count one more; return how many there are and when the next was to come. Others wait here for our commit."""
    statement = upsert(session, Guesses).values(subject=subject, failures=1, since=moment, failed_at=moment)
    statement = statement.on_conflict_do_update(
        index_elements=[Guesses.subject], set_={"failures": Guesses.failures + 1, "failed_at": moment}
    )
    row: Row[int, datetime | None] = session.execute(statement.returning(Guesses.failures, Guesses.open_at)).one()
    return row


def close_until(session: Session, subject: str, moment: datetime) -> None:
    """Let the next attempt wait."""
    session.execute(update(Guesses).where(Guesses.subject == subject).values(open_at=moment))


def take_back(session: Session, subject: str) -> None:
    """Count one less; the others stay."""
    change = update(Guesses).where(Guesses.subject == subject, Guesses.failures > 0)
    session.execute(change.values(failures=Guesses.failures - 1))


def forgive(session: Session, subjects: Iterable[str]) -> None:
    """Start counting anew."""
    session.execute(delete(Guesses).where(Guesses.subject.in_(list(subjects))))


def forget(session: Session, limit: int) -> int:
    """Remove what a day has made irrelevant, and return how many; several processes may do so at a time.

    Failures in a row at an account that exists do not expire. Many people may share an address, so of those from
    there a day's are counted.
    """
    end = clock.now() - KEPT
    known = exists().where(User.id == func.split_part(Guesses.subject, ":", 2))
    old = select(Guesses.subject).where(
        Guesses.since < end, or_(Guesses.subject.startswith("address:"), (Guesses.failed_at < end) & ~known)
    )
    result: Any = session.execute(delete(Guesses).where(Guesses.subject.in_(batch(old, limit))))
    return int(result.rowcount)
