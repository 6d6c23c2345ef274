"""SQL of failed logins."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import batch, upsert
from users.models import FailedLogins, User

KEEP = timedelta(hours=24)


def increment(session: Session, subject: str, now: datetime) -> Row[int, datetime | None]:
    """Count a failure; return the number of failures and the time before which attempts are rejected.

    Locks the row: concurrent attempts wait until the commit.
    """
    statement = upsert(session, FailedLogins).values(subject=subject, failures=1, since=now, failed_at=now)
    statement = statement.on_conflict_do_update(
        index_elements=[FailedLogins.subject], set_={"failures": FailedLogins.failures + 1, "failed_at": now}
    )
    returning = statement.returning(FailedLogins.failures, FailedLogins.open_at)
    row: Row[int, datetime | None] = session.execute(returning).one()
    return row


def close_until(session: Session, subject: str, time: datetime) -> None:
    """Reject attempts until a time."""
    session.execute(update(FailedLogins).where(FailedLogins.subject == subject).values(open_at=time))


def decrement(session: Session, subject: str) -> None:
    """Count one failure less."""
    change = update(FailedLogins).where(FailedLogins.subject == subject, FailedLogins.failures > 0)
    session.execute(change.values(failures=FailedLogins.failures - 1))


def reset(session: Session, subjects: Iterable[str]) -> None:
    """Set the failures of subjects to zero."""
    session.execute(delete(FailedLogins).where(FailedLogins.subject.in_(list(subjects))))


def delete_old(session: Session, limit: int) -> int:
    """Delete rows older than KEEP; return how many. Several processes may run this at once.

    Rows of existing accounts do not expire. Those of an address count for KEEP after the first failure, since many
    users may share the address.
    """
    end = clock.now() - KEEP
    account_exists = exists().where(User.id == func.split_part(FailedLogins.subject, ":", 2))
    is_address = FailedLogins.subject.startswith("address:")
    old = select(FailedLogins.subject).where(
        FailedLogins.since < end, or_(is_address, (FailedLogins.failed_at < end) & ~account_exists)
    )
    result: Any = session.execute(delete(FailedLogins).where(FailedLogins.subject.in_(batch(old, limit))))
    return int(result.rowcount)
