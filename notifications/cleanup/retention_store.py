"""SQL of retention: removes a batch at a time, oldest first, by an index. Rows that others have locked are skipped."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.db.sql import delete_batch
from notifications.models import Delivery, InboxRow, Notification


def old_rows(
    session: Session, column: InstrumentedAttribute[Any], before: date, limit: int, *conditions: ColumnElement[bool]
) -> int:
    """Remove rows with a time before another; return how many."""
    return delete_batch(session, column.class_, limit, column < before, *conditions, order_by=column)


def read_inbox_rows(session: Session, before: datetime, limit: int) -> int:
    """Remove inbox rows that were read before a time, and their deliveries; return how many rows."""
    old = select(InboxRow.seq).where(InboxRow.read_at < before).order_by(InboxRow.read_at).limit(limit)
    rows = list(session.scalars(old.with_for_update(skip_locked=True)))
    deliveries = (
        select(Delivery.id)
        .join(InboxRow, (InboxRow.notification_id == Delivery.notification_id) & (InboxRow.user_id == Delivery.user_id))
        .where(InboxRow.seq.in_(rows))
    )
    _execute(session, delete(Delivery).where(Delivery.id.in_(deliveries)))
    return _execute(session, delete(InboxRow).where(InboxRow.seq.in_(rows)))


def next_notifications(session: Session, after: str, before: str, limit: int) -> list[tuple[str, bool]]:
    """Return the ids of notifications between two ids, in order, and whether each is unused."""
    query = select(Notification.id, _UNUSED).where(Notification.id > after, Notification.id < before)
    return [(row[0], bool(row[1])) for row in session.execute(query.order_by(Notification.id).limit(limit))]


def unused_notifications(session: Session, ids: list[str]) -> int:
    """Remove which of these notifications are unused; return how many."""
    return _execute(session, delete(Notification).where(Notification.id.in_(ids), _UNUSED))


# The fan-out is complete, and there are neither inbox rows nor deliveries.
_UNUSED = (
    Notification.done
    & ~exists().where(InboxRow.notification_id == Notification.id)
    & ~exists().where(Delivery.notification_id == Notification.id)
)


def _execute(session: Session, statement: Delete) -> int:
    result: Any = session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)
