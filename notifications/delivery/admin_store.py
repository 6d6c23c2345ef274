"""SQL of what operators do to deliveries, in batches: a million rows must not be one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications import contract
from notifications.delivery import delivery_store
from notifications.models import Delivery

PARKED = "put aside by an operator"


def make_due(
    session: Session, request: contract.RetryDeliveries, since: datetime | None, until: datetime, limit: int
) -> list[datetime]:
    """Make a batch of the selected deliveries due, without attempts; return when each had ended, oldest first.

    The next batch starts at the last of these times. Deliveries that ended after `until` are left out, or one that
    fails at once would be retried endlessly. So are deliveries about deleted posts.
    """
    statuses = [request.status] if request.status else ["failed", "cancelled"]
    conditions = [
        *_selection(request),
        Delivery.status.in_(statuses),
        Delivery.due_at.is_(None),
        Delivery.updated_at < until,
        Delivery.notification_id.not_in(delivery_store.ABOUT_DELETED_POSTS),
    ]
    if since is not None:
        conditions.append(Delivery.updated_at >= since)
    now = clock.now()
    values = {"status": "pending", "attempts": 0, "due_at": now, "provider_id": None, "updated_at": now}
    return _update(session, conditions, values, limit)


def cancel(session: Session, request: contract.ParkDeliveries, until: datetime, limit: int) -> int:
    """Cancel a batch of the selected pending deliveries that existed at `until`; return how many."""
    values = {"status": "cancelled", "due_at": None, "last_error": PARKED, "updated_at": clock.now()}
    conditions = [*_selection(request), Delivery.status == "pending", Delivery.updated_at < until]
    return len(_update(session, conditions, values, limit))


def counts(session: Session, channel: str) -> dict[Any, int]:
    """Count the deliveries of a channel by status."""
    query = select(Delivery.status, func.count().label("number")).where(Delivery.channel == channel)
    return {row.status: row.number for row in session.execute(query.group_by(Delivery.status))}


def oldest_due(session: Session, channel: str) -> datetime | None:
    """Return when the oldest pending delivery of a channel is due."""
    query = select(func.min(Delivery.due_at)).where(Delivery.channel == channel, Delivery.due_at.is_not(None))
    return session.scalar(query.where(Delivery.status == "pending"))


def due(session: Session, channel: str, limit: int) -> tuple[int, datetime | None]:
    """Count the due deliveries of a channel, up to `limit`; return also when the oldest became due."""
    pending = select(Delivery.due_at).where(Delivery.channel == channel, Delivery.status == "pending")
    oldest = pending.where(Delivery.due_at <= clock.now()).order_by(Delivery.due_at).limit(limit).subquery()
    number, since = session.execute(select(func.count(), func.min(oldest.c.due_at))).one()
    return number, since


def oldest_due_code(session: Session, channel: str) -> datetime | None:
    """Return when the oldest unsent one-time code of a channel became due; None if none is."""
    # The first two conditions are those of the index `deliveries_urgent`.
    urgent = select(func.min(Delivery.due_at)).where(Delivery.urgent, Delivery.due_at.is_not(None))
    due = urgent.where(Delivery.channel == channel, Delivery.due_at <= clock.now())
    return session.scalar(due.where(Delivery.status == "pending"))


def _selection(request: contract.RetryDeliveries | contract.ParkDeliveries) -> list[ColumnElement[bool]]:
    columns = {
        Delivery.notification_id: request.id,
        Delivery.channel: request.channel,
        Delivery.user_id: request.user_id,
    }
    return [column == value for column, value in columns.items() if value is not None]


def _update(
    session: Session, conditions: list[ColumnElement[bool]], values: Mapping[str, Any], limit: int
) -> list[datetime]:
    """Update a batch, least recently updated first; return when each was updated before."""
    query = select(Delivery.id, Delivery.updated_at).where(*conditions).order_by(Delivery.updated_at).limit(limit)
    rows = session.execute(query.with_for_update()).all()
    change = update(Delivery).where(Delivery.id.in_([row.id for row in rows])).values(values)
    session.execute(change, execution_options={"synchronize_session": False})
    return [row.updated_at for row in rows]
