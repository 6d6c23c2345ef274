"""SQL of inboxes."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from chassis import clock
from chassis.db.sql import advisory_lock, insert_groups
from notifications.inbox import notification_store
from notifications.models import InboxRow, Notification

_LOCK = 4_207_849_485  # arbitrary key of a PostgreSQL advisory lock
# While inboxes are locked, the last row is a place in the order of commits: what is committed after a row has the place
# of that row or a later one, as long as the row exists.
_LAST = select(func.max(aliased(InboxRow).seq)).scalar_subquery()


def lock(session: Session) -> None:
    """Let only one transaction at a time change inboxes, until the commit; SQLite has one writer anyway.

    PostgreSQL's sequences run ahead of commits. Rows whose `seq` does not grow in the order of commits would be missing
    from a replay.
    """
    advisory_lock(session, _LOCK)


def snapshot(session: Session) -> None:
    """Let this transaction read one snapshot, as SQLite always does. Call it before the first query."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def add(session: Session, users: Mapping[str, Sequence[str]]) -> None:
    """Put notifications, in this order, into the inboxes of their users that do not have them yet."""
    lock(session)
    insert_groups(session, InboxRow, ("notification_id", "user_id"), users, {})


def newest(session: Session, user_id: str, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Return the notifications in an inbox, newest first, each with its `seq`, below `before`, and its `read_at`."""
    parameters = {"user": user_id, "before": before, "limit": limit}
    return session.connection().execute(_newest(older=before is not None), parameters).all()


@cache
def _newest(*, older: bool) -> Select[Any]:
    """Build the statement; cached, because building it costs more than running it."""
    query = select(*notification_store.COLUMNS, InboxRow.seq, InboxRow.read_at)
    query = query.join(InboxRow, Notification.id == InboxRow.notification_id)
    query = query.where(InboxRow.user_id == bindparam("user")).order_by(InboxRow.seq.desc()).limit(bindparam("limit"))
    return query.where(InboxRow.seq < bindparam("before")) if older else query


def position(session: Session, user_id: str, notification_id: str) -> int | None:
    """Return the `seq` of a notification in an inbox; None if it is not there."""
    query = select(InboxRow.seq).where(InboxRow.user_id == user_id)
    return session.scalar(query.where(InboxRow.notification_id == notification_id))


def mark_read(session: Session, user_id: str, ids: Collection[str] | None) -> Sequence[Row[str, int]]:
    """Mark these notifications, or with None all, as read; return `notification_id` and `seq` of the unread ones.

    The caller locks inboxes.
    """
    change = update(InboxRow).where(InboxRow.user_id == user_id, InboxRow.read_at.is_(None))
    if ids is not None:
        change = change.where(InboxRow.notification_id.in_(ids))
    change = change.values(read_at=clock.now(), read_after=_LAST).returning(InboxRow.notification_id, InboxRow.seq)
    return session.execute(change, execution_options={"synchronize_session": False}).all()


def mark_changed(session: Session, notification: Notification) -> None:
    """Record that the content of a notification changes now. The caller locks inboxes."""
    notification.changed_at, notification.changed_after = clock.now(), session.scalar(select(_LAST))


def recipients(session: Session, notification_id: str, after: str, limit: int) -> list[str]:
    """Return the ids of users with a notification in their inbox, in order, after the id `after`."""
    query = select(InboxRow.user_id).where(InboxRow.notification_id == notification_id, InboxRow.user_id > after)
    return list(session.scalars(query.order_by(InboxRow.user_id).limit(limit)))
