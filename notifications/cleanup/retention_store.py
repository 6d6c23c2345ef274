"""SQL of removing what is old: a batch at a time, oldest first, found by an index.

Rows that somebody else works on are left for the next time.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, delete, exists, inspect, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.db.sql import batch
from notifications.models import Delivery, DeliveryReport, InboxRow, Notification, PostNews, SmsCount

Remove = Callable[[Session, datetime, int], int]


def finished_deliveries(session: Session, before: datetime, limit: int) -> int:
    """Remove deliveries that nothing has happened to since, and never will."""
    return _remove(session, Delivery.updated_at, before, limit, Delivery.due_at.is_(None))


def read_inbox_rows(session: Session, before: datetime, limit: int) -> int:
    """Remove from inboxes what was read, with its deliveries, to which it is the way."""
    old = select(InboxRow.seq).where(InboxRow.read_at < before).order_by(InboxRow.read_at).limit(limit)
    rows = list(session.scalars(old.with_for_update(skip_locked=True)))
    of_theirs = (
        select(Delivery.id)
        .join(InboxRow, (InboxRow.notification_id == Delivery.notification_id) & (InboxRow.user_id == Delivery.user_id))
        .where(InboxRow.seq.in_(rows))
    )
    _deleted(session, delete(Delivery).where(Delivery.id.in_(of_theirs)))
    return _deleted(session, delete(InboxRow).where(InboxRow.seq.in_(rows)))


def news_of_posts(session: Session, before: datetime, limit: int) -> int:
    """Remove news that were to overtake their posts."""
    return _remove(session, PostNews.changed_at, before, limit)


def delivery_reports(session: Session, before: datetime, limit: int) -> int:
    """Remove reports that were to overtake their deliveries."""
    return _remove(session, DeliveryReport.created_at, before, limit)


def sms_counts(session: Session, before: date, limit: int) -> int:
    """Remove the counts of days before one."""
    return _remove(session, SmsCount.day, before, limit)


def next_notifications(session: Session, after: str, before: str, limit: int) -> list[tuple[str, bool]]:
    """Return the ids of notifications between two ids, in order, and whether anybody has them (any more)."""
    query = select(Notification.id, _UNUSED).where(Notification.id > after, Notification.id < before)
    return [(row[0], bool(row[1])) for row in session.execute(query.order_by(Notification.id).limit(limit))]


def notifications(session: Session, ids: list[str]) -> int:
    """Remove those of these notifications that nobody has."""
    return _deleted(session, delete(Notification).where(Notification.id.in_(ids), _UNUSED))


# Told to everybody, in nobody's inbox, and not on its way to anybody.
_UNUSED = (
    Notification.done
    & ~exists().where(InboxRow.notification_id == Notification.id)
    & ~exists().where(Delivery.notification_id == Notification.id)
)


def _remove(
    session: Session, column: InstrumentedAttribute[Any], before: date, limit: int, *conditions: ColumnElement[bool]
) -> int:
    """Remove rows whose moment in a column lies before another, and return how many."""
    table = column.class_
    key = inspect(table).primary_key
    old = select(*key).where(column < before, *conditions).order_by(column)
    return _deleted(session, delete(table).where(tuple_(*key).in_(batch(old, limit))))


def _deleted(session: Session, statement: Delete) -> int:
    result: Any = session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)
