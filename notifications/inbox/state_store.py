"""SQL of what changes in an inbox: what is read, and whose words are others."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications.models import InboxRow, Notification


def mark_read(session: Session, user_id: str, ids: Collection[str] | None) -> list[str]:
    """Mark these notifications, or all, as read and return those that were not; what was read keeps its time."""
    change = update(InboxRow).where(InboxRow.user_id == user_id, InboxRow.read_at.is_(None))
    if ids is not None:
        change = change.where(InboxRow.notification_id.in_(ids))
    change = change.values(read_at=clock.now()).returning(InboxRow.notification_id)
    return list(session.scalars(change, execution_options={"synchronize_session": False}))


def read_since(session: Session, user_id: str, moment: datetime, limit: int) -> list[str]:
    """Return what somebody has read since a moment, the last first."""
    query = select(InboxRow.notification_id).where(InboxRow.user_id == user_id, InboxRow.read_at >= moment)
    return list(session.scalars(query.order_by(InboxRow.read_at.desc()).limit(limit)))


def changed_since(session: Session, user_id: str, until: int, moment: datetime, limit: int) -> list[Notification]:
    """Return what has other words since a moment, of somebody's inbox up to the row `until`; the last changed last.

    From the few that changed to their places in the inbox, not through all of it.
    """
    mine = select(InboxRow).where(InboxRow.notification_id == Notification.id, InboxRow.user_id == user_id)
    query = select(Notification).where(Notification.changed_at >= moment, mine.where(InboxRow.seq <= until).exists())
    return list(session.scalars(query.order_by(Notification.changed_at).limit(limit)))
