"""SQL of the number of unread notifications in an inbox.

Counting many rows takes time. So the number of a user with many is stored, with the last row that it counts, and a read
counts only later rows. A fan-out changes nothing that is stored; marking as read does, in the same transaction.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis import clock
from notifications.inbox import inbox_store
from notifications.models import InboxRow, UnreadCount

MANY = 200  # rows, read or not, that are counted before their number is stored; at most 0.2 ms of PostgreSQL
# Processes of 0.1.0 mark as read without changing the stored number, so after some time all rows are counted again.
LIFETIME = timedelta(days=1)

_USER = bindparam("user", type_=InboxRow.user_id.type)
_OWN = InboxRow.user_id == _USER
_STORED = UnreadCount.user_id == _USER
_ROWS = func.count().label("rows")
_UNREAD = func.count().filter(InboxRow.read_at.is_(None))


def _stored(column: InstrumentedAttribute[Any]) -> Any:
    return select(column).where(_STORED).scalar_subquery()


_ALL = select(_ROWS, _UNREAD.label("unread"), func.max(InboxRow.seq).label("until")).where(_OWN)
_CHANGE = update(UnreadCount).where(_STORED).values(until=select(func.max(InboxRow.seq)).where(_OWN).scalar_subquery())
# The number of unread notifications of `user`, how many rows were counted for it, and what is stored, or null.
COUNTED = select(
    (func.coalesce(_stored(UnreadCount.unread), 0) + _UNREAD).label("unread"),
    _ROWS,
    _stored(UnreadCount.until).label("until"),
    _stored(UnreadCount.counted_at).label("counted_at"),
).where(_OWN, InboxRow.seq > func.coalesce(_stored(UnreadCount.until), 0))


def count(session: Session, user_id: str) -> Row[Any]:
    """Return the row of COUNTED."""
    return session.connection().execute(COUNTED, {"user": user_id}).one()


def is_due(counted: Row[Any]) -> bool:
    """Return whether the number is to be stored: many rows had to be counted, or what is stored is old."""
    if counted.counted_at is not None and counted.counted_at < clock.now() - LIFETIME:
        return True
    return bool(counted.rows > MANY)


def store(session: Session, user_id: str) -> None:
    """Count all unread notifications, and store the number if there are many rows."""
    inbox_store.lock(session)
    remove(session, user_id)
    found = session.connection().execute(_ALL, {"user": user_id}).one()
    if found.rows > MANY:
        row = {"user_id": user_id, "unread": found.unread, "until": found.until, "counted_at": clock.now()}
        session.connection().execute(insert(UnreadCount), row)


def subtract(session: Session, user_id: str, seqs: Iterable[int]) -> int:
    """Count the unread notifications after these rows were marked as read; the caller has locked inboxes."""
    found = count(session, user_id)
    if found.until is None:
        return int(found.unread)
    unread = int(found.unread - sum(seq <= found.until for seq in seqs))
    session.connection().execute(_CHANGE, {"user": user_id, "unread": unread})
    return unread


def remove(session: Session, user_id: str) -> None:
    """Remove the stored number."""
    session.connection().execute(delete(UnreadCount).where(_STORED), {"user": user_id})
