"""The event log: durable events that the broker has confirmed, in the order in which their rows left the outbox.

Consumers compare the log with what they handled (chassis/reconciliation). A row is moved here from the outbox in one
transaction, and such transactions run one after the other. So the order of positions is the order of commits: a reader
that has seen a position never finds a new row below it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.columns import UtcDateTime
from chassis.db.sql import advisory_lock
from chassis.db.tables import event_log, outbox

RETENTION = timedelta(hours=24)
MAX_ROWS = 500_000
DELETED_AT_ONCE = 5_000  # rows per transaction
_LOCK_KEY = 6_120_733_951  # an arbitrary number: the key of PostgreSQL's advisory lock
_COPIED = ("type", "payload", "request_id", "traceparent")

# Built once, because building them costs more than running them.
_NEWEST_POSITION = select(func.max(event_log.c.position))
_APPEND = insert(event_log).from_select(
    ["event_id", *_COPIED, "logged_at"],
    select(outbox.c.id, *(outbox.c[name] for name in _COPIED), bindparam("now", type_=UtcDateTime))
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.durable)
    .order_by(outbox.c.id),
)


def append(session: Session, ids: Iterable[str]) -> None:
    """Copy the durable ones of these events from the outbox; the caller deletes them there."""
    advisory_lock(session, _LOCK_KEY)
    session.connection().execute(_APPEND, {"ids": list(ids), "now": clock.now()})


def newest(session: Session) -> int:
    """Return the newest position; 0 if the log is empty."""
    return session.connection().scalar(_NEWEST_POSITION) or 0


def read(
    session: Session, types: Sequence[str], after: int, since: datetime | None, limit: int
) -> Sequence[Row[int, str, str]]:
    """Return position, id and type of the events after a position that were logged at `since` or later."""
    parameters = {"types": types, "after": after, "since": since, "limit": limit}
    return session.connection().execute(_read(limited=since is not None), parameters).all()


@cache
def _read(*, limited: bool) -> Select[int, str, str]:
    """Build the statement; cached, as above."""
    query = select(event_log.c.position, event_log.c.event_id, event_log.c.type).where(
        event_log.c.position > bindparam("after"), event_log.c.type.in_(bindparam("types", expanding=True))
    )
    if limited:
        query = query.where(event_log.c.logged_at >= bindparam("since"))
    return query.order_by(event_log.c.position).limit(bindparam("limit"))


def at(session: Session, positions: Sequence[int]) -> Sequence[Row[Any]]:
    """Return the events at these positions, without those that have expired."""
    return session.execute(
        select(event_log).where(event_log.c.position.in_(positions)).order_by(event_log.c.position)
    ).all()


def delete_expired(session: Session) -> None:
    """Delete events older than RETENTION, and the oldest if there are more than MAX_ROWS."""
    oldest = session.execute(
        select(event_log.c.position, event_log.c.logged_at).order_by(event_log.c.position).limit(1)
    ).one_or_none()
    if oldest is None:
        return
    horizon, surplus = clock.now() - RETENTION, newest(session) - MAX_ROWS
    if oldest.logged_at >= horizon and oldest.position > surplus:
        return
    session.execute(
        delete(event_log).where(
            event_log.c.position < oldest.position + DELETED_AT_ONCE,
            or_(event_log.c.logged_at < horizon, event_log.c.position <= surplus),
        )
    )
