"""SQL of failed logins."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, or_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis import clock
from chassis.db.sql import INSERT, delete_batch
from users.models import FailedLogins, User, account_of_subject

KEEP = timedelta(hours=24)

# The statements of every login are built once: that costs more than running them. A parameter may not have the name of
# a column.
_OF_SUBJECT = FailedLogins.subject == bindparam("of_subject")
_SET_COUNT = update(FailedLogins).where(_OF_SUBJECT).values(failures=bindparam("count"), since=bindparam("start"))
_DECREMENT = (
    update(FailedLogins).where(_OF_SUBJECT, FailedLogins.failures > 0).values(failures=FailedLogins.failures - 1)
)
_RESET = delete(FailedLogins).where(_OF_SUBJECT)


def increment(session: Session, subject: str, now: datetime) -> Row[int, datetime | None]:
    """Count a failure; return the number of failures and the time before which attempts are rejected.

    Locks the row: concurrent attempts wait until the commit.
    """
    return _increment(session, subject, now, FailedLogins.open_at)


def increment_since(session: Session, subject: str, now: datetime) -> Row[int, datetime]:
    """Count a failure as `increment` does; return the number of failures and `since`."""
    return _increment(session, subject, now, FailedLogins.since)


def _increment(session: Session, subject: str, now: datetime, column: InstrumentedAttribute[Any]) -> Row[int, Any]:
    statement = _increment_statement(session.get_bind().dialect.name, column)
    row: Row[int, Any] = session.connection().execute(statement, {"of_subject": subject, "now": now}).one()
    return row


@lru_cache
def _increment_statement(dialect: str, column: InstrumentedAttribute[Any]) -> Any:
    now: Any = bindparam("now")
    new = INSERT[dialect](FailedLogins).values(subject=bindparam("of_subject"), failures=1, since=now, failed_at=now)
    counted = new.on_conflict_do_update(
        index_elements=[FailedLogins.subject], set_={"failures": FailedLogins.failures + 1, "failed_at": now}
    )
    return counted.returning(FailedLogins.failures, column)


def set_count(session: Session, subject: str, failures: int, since: datetime) -> None:
    """Set the failures of a subject, and the time from which they count."""
    session.connection().execute(_SET_COUNT, {"of_subject": subject, "count": failures, "start": since})


def close_until(session: Session, subject: str, time: datetime) -> None:
    """Reject attempts until a time."""
    session.execute(update(FailedLogins).where(FailedLogins.subject == subject).values(open_at=time))


def decrement(session: Session, subject: str) -> None:
    """Count one failure less."""
    session.connection().execute(_DECREMENT, {"of_subject": subject})


def reset(session: Session, subject: str) -> None:
    """Set the failures of a subject to zero."""
    session.connection().execute(_RESET, {"of_subject": subject})


def reset_account(session: Session, user_id: str) -> None:
    """Set all failures at an account to zero."""
    session.execute(delete(FailedLogins).where(account_of_subject == user_id))


def delete_old(session: Session, limit: int) -> int:
    """Delete rows older than KEEP; return how many.

    A subject without failures for KEEP starts again; an address, which many users may share, KEEP after its first
    failure; a user in a session never, since only a new password or an operator may reset it.
    """
    end = clock.now() - KEEP
    in_session = or_(*(FailedLogins.subject.startswith(kind) for kind in ("session:", "code:")))
    of_session = in_session & exists().where(User.id == account_of_subject)
    is_address = FailedLogins.subject.startswith("address:")
    is_old = or_(is_address, (FailedLogins.failed_at < end) & ~of_session)
    return delete_batch(session, FailedLogins, limit, FailedLogins.since < end, is_old)
