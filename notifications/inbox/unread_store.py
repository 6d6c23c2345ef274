"""SQL of the number of unread notifications in an inbox.

Counting many rows takes time. So the number of a user with many is stored, with the last row that it counts, and a read
counts only later rows. A fan-out changes nothing that is stored; marking as read does, in the same transaction.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications.inbox import inbox_store
from notifications.models import InboxRow, UnreadCount

MANY = 500  # rows that a read counts at most before their number is stored; SQLite counts them in 50 µs
# Processes of 0.1.0 mark as read without changing the stored number, so after some time all rows are counted again.
LIFETIME = timedelta(days=1)

_USER = bindparam("user", type_=InboxRow.user_id.type)
_STORED = UnreadCount.user_id == _USER
_UNREAD = InboxRow.read_at.is_(None)
_ALL = select(func.count()).where(InboxRow.user_id == _USER, _UNREAD).scalar_subquery()
_LAST = select(func.max(InboxRow.seq)).where(InboxRow.user_id == _USER).scalar_subquery()
_CHANGE = update(UnreadCount).where(_STORED).values(until=_LAST)
_STORE = insert(UnreadCount).values(user_id=_USER, until=_LAST)


@cache
def counted(dialect: str) -> Select[Any]:
    """Build the statement that returns the number of unread notifications of `user`, and what is stored, or null.

    SQLite finds newer unread rows in the index of unread ones. In PostgreSQL this index has no order within a user, so
    the condition is in a FILTER, with which it is not used.
    """
    rows = select(func.count()).where(_UNREAD) if dialect == "sqlite" else select(func.count().filter(_UNREAD))
    newer = rows.where(InboxRow.user_id == _USER, InboxRow.seq > UnreadCount.until).correlate(UnreadCount)
    unread = UnreadCount.unread + newer.scalar_subquery()
    me = select(_USER.label("id")).subquery("me")
    return select(
        case((UnreadCount.until.is_(None), _ALL), else_=unread).label("unread"),
        UnreadCount.unread.label("stored"),
        UnreadCount.until,
        UnreadCount.counted_at,
    ).select_from(me.outerjoin(UnreadCount, UnreadCount.user_id == me.c.id))


def count(session: Session, user_id: str) -> Row[Any]:
    """Return the row of `counted`."""
    statement = counted(session.get_bind().dialect.name)
    return session.connection().execute(statement, {"user": user_id}).one()


def is_due(found: Row[Any]) -> bool:
    """Return whether the number is to be stored: many rows had to be counted, or what is stored is old."""
    if found.counted_at is not None and found.counted_at < clock.now() - LIFETIME:
        return True
    return bool(found.unread - (found.stored or 0) > MANY)


def store(session: Session, user_id: str) -> None:
    """Count all unread notifications, and store the number if it is large."""
    inbox_store.lock(session)
    remove(session, user_id)
    unread = session.connection().scalar(select(_ALL), {"user": user_id}) or 0
    if unread > MANY:
        session.connection().execute(_STORE, {"user": user_id, "unread": unread, "counted_at": clock.now()})


def subtract(session: Session, user_id: str, seqs: Iterable[int]) -> int:
    """Count the unread notifications after these rows were marked as read; the caller has locked inboxes."""
    found = count(session, user_id)
    if found.stored is None:
        return int(found.unread)
    unread = int(found.unread - sum(seq <= found.until for seq in seqs))
    session.connection().execute(_CHANGE, {"user": user_id, "unread": unread})
    return unread


def remove(session: Session, user_id: str) -> None:
    """Remove the stored number."""
    session.connection().execute(delete(UnreadCount).where(_STORED), {"user": user_id})
