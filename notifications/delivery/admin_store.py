"""SQL of what operators do to deliveries, a part at a time: a million rows must not be one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications import contract
from notifications.inbox import post_updates_store
from notifications.models import Delivery

PARKED = "put aside by an operator"


def revive(
    session: Session, wanted: contract.RetryDeliveries, since: datetime | None, until: datetime, limit: int
) -> list[datetime]:
    """Make a part of the chosen deliveries due, as if they had never been attempted.

    Return when each was finished, in that order: the next part begins at the last. What was finished after `until` is
    left alone, or a delivery that fails at once would be revived for ever. Posts that were deleted stay untold.
    """
    statuses = [wanted.status] if wanted.status else ["failed", "cancelled"]
    chosen = [*_among(wanted), Delivery.status.in_(statuses), Delivery.due_at.is_(None), Delivery.updated_at < until]
    if since is not None:
        chosen.append(Delivery.updated_at >= since)
    moment = clock.now()
    values = {"status": "pending", "attempts": 0, "due_at": moment, "provider_id": None, "updated_at": moment}
    return _change(session, [*chosen, Delivery.notification_id.not_in(post_updates_store.GONE)], values, limit)


def put_aside(session: Session, wanted: contract.ParkDeliveries, until: datetime, limit: int) -> int:
    """Cancel a part of the chosen deliveries that wait, and return how many; what was ordered after `until` is not."""
    values = {"status": "cancelled", "due_at": None, "last_error": PARKED, "updated_at": clock.now()}
    chosen = [*_among(wanted), Delivery.status == "pending", Delivery.updated_at < until]
    return len(_change(session, chosen, values, limit))


def counts(session: Session, channel: str) -> dict[Any, int]:
    """Count a channel's deliveries by status."""
    query = select(Delivery.status, func.count().label("number")).where(Delivery.channel == channel)
    return {row.status: row.number for row in session.execute(query.group_by(Delivery.status))}


def oldest_due(session: Session, channel: str) -> datetime | None:
    """Return since when a channel's oldest pending delivery is due, or from when on the next will be."""
    query = select(func.min(Delivery.due_at)).where(Delivery.channel == channel, Delivery.due_at.is_not(None))
    return session.scalar(query.where(Delivery.status == "pending"))


def due(session: Session, channel: str, limit: int) -> tuple[int, datetime | None]:
    """Count a channel's deliveries that are due and pending, up to a limit, and tell since when the oldest is."""
    waiting = select(Delivery.due_at).where(Delivery.channel == channel, Delivery.status == "pending")
    oldest = waiting.where(Delivery.due_at <= clock.now()).order_by(Delivery.due_at).limit(limit).subquery()
    number, since = session.execute(select(func.count(), func.min(oldest.c.due_at))).one()
    return number, since


def _among(wanted: contract.RetryDeliveries | contract.ParkDeliveries) -> list[ColumnElement[bool]]:
    columns = {Delivery.notification_id: wanted.id, Delivery.channel: wanted.channel, Delivery.user_id: wanted.user_id}
    return [column == value for column, value in columns.items() if value is not None]


def _change(
    session: Session, chosen: list[ColumnElement[bool]], values: Mapping[str, Any], limit: int
) -> list[datetime]:
    """Change some, those first that have been as they are for longest."""
    query = select(Delivery.id, Delivery.updated_at).where(*chosen).order_by(Delivery.updated_at).limit(limit)
    rows = session.execute(query.with_for_update()).all()
    change = update(Delivery).where(Delivery.id.in_([row.id for row in rows])).values(values)
    session.execute(change, execution_options={"synchronize_session": False})
    return [row.updated_at for row in rows]
