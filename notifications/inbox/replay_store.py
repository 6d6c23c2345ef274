"""SQL of replays: what was added, read and changed in an inbox, and its state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, or_, select, union
from sqlalchemy.orm import Session

from notifications.inbox import notification_store, unread_store
from notifications.models import FrameSequence, InboxRow, Notification

# Statements of every handshake, built once: building them costs more than running them.
_OWN = InboxRow.user_id == bindparam("user")
_NEWEST = select(InboxRow.notification_id).where(_OWN).order_by(InboxRow.seq.desc()).limit(1).scalar_subquery()
_SEQ = select(FrameSequence.last).where(FrameSequence.user_id == bindparam("user")).scalar_subquery()
_STATE = unread_store.COUNTED.add_columns(_NEWEST.label("newest"), func.coalesce(_SEQ, 0).label("seq"))
_LIMIT: BindParameter[int] = bindparam("limit")
_READ_BY_TIME = select(InboxRow.notification_id).where(_OWN, InboxRow.read_at >= bindparam("since"))
_READ_BY_PLACE = select(InboxRow.notification_id).where(_OWN, InboxRow.read_after >= bindparam("after"))
# Not one query with OR, which would have to sort all that a user has ever read.
_READ = union(
    select(_READ_BY_TIME.order_by(InboxRow.read_at.desc()).limit(_LIMIT).subquery()),
    select(_READ_BY_PLACE.order_by(InboxRow.read_after.desc()).limit(_LIMIT).subquery()),
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
        or_(Notification.changed_at >= bindparam("since"), Notification.changed_after >= bindparam("after")),
        select(InboxRow).where(_IN_INBOX, _OWN, InboxRow.seq <= bindparam("after")).exists(),
    )
    .order_by(Notification.changed_at)
    .limit(bindparam("limit"))
)


def state(session: Session, user_id: str) -> Row[Any]:
    """Return the number of unread notifications, the id of the newest or None, and the last frame's number or 0."""
    return session.connection().execute(_STATE, {"user": user_id}).one()


def position(session: Session, user_id: str, notification_id: str) -> Row[int, datetime] | None:
    """Return the `seq` of a notification in an inbox, and its `created_at`; None if it is not there."""
    parameters = {"user": user_id, "notification": notification_id}
    return session.connection().execute(_POSITION, parameters).one_or_none()


def added(session: Session, user_id: str, after: int, limit: int) -> Sequence[Row[Any]]:
    """Return notifications after the row `after`, oldest first."""
    return session.connection().execute(_ADDED, {"user": user_id, "after": after, "limit": limit}).all()


def read_since(session: Session, user_id: str, after: int | None, since: datetime, limit: int) -> list[str]:
    """Return the ids of notifications that a user has read after the row `after`, or since a time."""
    parameters = {"user": user_id, "after": after, "since": since, "limit": limit}
    rows = session.connection().execute(_READ, parameters)
    return list(rows.scalars())


def changed_since(session: Session, user_id: str, after: int, since: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return notifications up to the row `after` whose content changed after it, or since a time; last changed last.

    Starts from the few changed notifications, not from the whole inbox.
    """
    parameters = {"user": user_id, "after": after, "since": since, "limit": limit}
    return session.connection().execute(_CHANGED, parameters).all()
