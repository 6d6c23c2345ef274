"""SQL of replays: what was added, read and changed in an inbox."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from notifications.models import InboxRow, Notification


def added(session: Session, user_id: str, after: int, limit: int) -> list[Notification]:
    """Return notifications after the row `after`, oldest first."""
    query = select(Notification).join(InboxRow, Notification.id == InboxRow.notification_id)
    query = query.where(InboxRow.user_id == user_id, InboxRow.seq > after).order_by(InboxRow.seq).limit(limit)
    return list(session.scalars(query))


def read_since(session: Session, user_id: str, since: datetime, limit: int) -> list[str]:
    """Return the ids of notifications that a user has read since a time, last read first."""
    query = select(InboxRow.notification_id).where(InboxRow.user_id == user_id, InboxRow.read_at >= since)
    return list(session.scalars(query.order_by(InboxRow.read_at.desc()).limit(limit)))


def changed_since(session: Session, user_id: str, until: int, since: datetime, limit: int) -> list[Notification]:
    """Return notifications whose content changed since a time, up to the inbox row `until`; last changed last.

    Starts from the few changed notifications, not from the whole inbox.
    """
    row = select(InboxRow).where(InboxRow.notification_id == Notification.id, InboxRow.user_id == user_id)
    query = select(Notification).where(Notification.changed_at >= since, row.where(InboxRow.seq <= until).exists())
    return list(session.scalars(query.order_by(Notification.changed_at).limit(limit)))
