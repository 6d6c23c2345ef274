"""SQL of replays: what was added, read and changed in an inbox, and its state."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from notifications.inbox import notification_store, unread_store
from notifications.models import FrameSequence, InboxRow, Notification

# Statements of every handshake, built once: building them costs more than running them.
_OWN = InboxRow.user_id == bindparam("user")
_NEWEST = select(InboxRow.notification_id).where(_OWN).order_by(InboxRow.seq.desc()).limit(1).scalar_subquery()
_SEQ = select(FrameSequence.last).where(FrameSequence.user_id == bindparam("user")).scalar_subquery()
_READ = (
    select(InboxRow.notification_id)
    .where(_OWN, InboxRow.read_at >= bindparam("since"))
    .order_by(InboxRow.read_at.desc())
    .limit(bindparam("limit"))
)
_IN_INBOX = Notification.id == InboxRow.notification_id
_POSITION = (
    select(InboxRow.seq, Notification.created_at)
    .join(Notification, _IN_INBOX)
    .where(_OWN, InboxRow.notification_id == bindparam("notification"))
)
_ADDED = (
    select(*notification_store.COLUMNS)
    .join(InboxRow, _IN_INBOX)
    .where(_OWN, InboxRow.seq > bindparam("after"))
    .order_by(InboxRow.seq)
    .limit(bindparam("limit"))
)
_CHANGED = (
    select(*notification_store.COLUMNS)
    .where(
        Notification.changed_at >= bindparam("since"),
        select(InboxRow).where(_IN_INBOX, _OWN, InboxRow.seq <= bindparam("until")).exists(),
    )
    .order_by(Notification.changed_at)
    .limit(bindparam("limit"))
)


def state(session: Session, user_id: str) -> Row[Any]:
    """Return the number of unread notifications, the id of the newest or None, and the last frame's number or 0."""
    return session.connection().execute(_state(session.get_bind().dialect.name), {"user": user_id}).one()


@cache
def _state(dialect: str) -> Select[Any]:
    return unread_store.counted(dialect).add_columns(_NEWEST.label("newest"), func.coalesce(_SEQ, 0).label("seq"))


def position(session: Session, user_id: str, notification_id: str) -> Row[int, datetime] | None:
    """Return the `seq` of a notification in an inbox, and its `created_at`; None if it is not there."""
    parameters = {"user": user_id, "notification": notification_id}
    return session.connection().execute(_POSITION, parameters).one_or_none()


def added(session: Session, user_id: str, after: int, limit: int) -> Sequence[Row[Any]]:
    """Return notifications after the row `after`, oldest first."""
    return session.connection().execute(_ADDED, {"user": user_id, "after": after, "limit": limit}).all()


def read_since(session: Session, user_id: str, since: datetime, limit: int) -> list[str]:
    """Return the ids of notifications that a user has read since a time, last read first."""
    rows = session.connection().execute(_READ, {"user": user_id, "since": since, "limit": limit})
    return list(rows.scalars())


def changed_since(session: Session, user_id: str, until: int, since: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return notifications whose content changed since a time, up to the inbox row `until`; last changed last.

    Starts from the few changed notifications, not from the whole inbox.
    """
    parameters = {"user": user_id, "until": until, "since": since, "limit": limit}
    return session.connection().execute(_CHANGED, parameters).all()
