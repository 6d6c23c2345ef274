"""SQL of notifications and inboxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import advisory_lock, insert_each, insert_new
from chassis.ids import new_id
from notifications.models import Delivery, InboxRow, Notification
from notifications.wording import Content

_INBOX_TURNS = 4_207_849_485  # any number: the key of PostgreSQL's advisory lock


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fan-out came: the user after whom it goes on, and whether there are no more."""

    reached: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """A fan-out that has not reached everybody: all that one must know to go on with it."""

    post_id: str
    author_id: str | None
    as_of: datetime
    reached: str | None


def add(session: Session, content: Content) -> Notification:
    """Store a notification all of whose recipients are told in this transaction."""
    row = _row(content, Progress(done=True))
    session.connection().execute(insert(Notification), row)
    return Notification(**row)


def add_once(session: Session, content: Content, source: str, as_of: datetime, told: Progress) -> Notification | None:
    """Store a notification about a source, and how far this transaction tells of it; None if there is one already.

    `as_of` is the moment that decides who is told.
    """
    row = _row(content, told) | {"source": source, "as_of": as_of}
    return Notification(**row) if insert_new(session, Notification, row) else None


def _row(content: Content, told: Progress) -> dict[str, object]:
    return {
        "id": new_id(),
        "kind": content.kind,
        "title": content.title,
        "message": content.message,
        "data": content.data,
        "author_id": content.data.get("author_id"),
        "created_at": clock.now(),
        "reached": told.reached,
        "done": told.done,
    }


def about(session: Session, source: str) -> Notification:
    """Return the notification about a source, locked until the commit."""
    return session.scalars(select(Notification).where(Notification.source == source).with_for_update()).one()


def unfinished(session: Session, before: datetime, limit: int) -> list[Stopped]:
    """Return the fan-outs that were begun before a moment and have not reached everybody, oldest first."""
    as_of = func.coalesce(Notification.as_of, Notification.created_at)  # older versions did not write it down
    query = select(Notification.source.label("post_id"), Notification.author_id, as_of.label("as_of"))
    query = query.add_columns(Notification.reached).where(~Notification.done, Notification.created_at < before)
    rows = session.execute(query.order_by(Notification.created_at).limit(limit))
    return [Stopped(row.post_id, row.author_id, row.as_of, row.reached) for row in rows]


def finish(session: Session, source: str) -> None:
    """Note that nobody else is to be told about a source."""
    change = update(Notification).where(Notification.source == source).values(done=True)
    session.execute(change, execution_options={"synchronize_session": False})


def take_turns(session: Session) -> None:
    """Let those who tell people go one after the other, from here to their commit; SQLite has one writer anyway."""
    advisory_lock(session, _INBOX_TURNS)


def one_moment(session: Session) -> None:
    """Let all that this transaction reads be of one moment, as it is on SQLite anyway; to be called before it reads."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def add_to_inbox(session: Session, notification_id: str, users: Sequence[str]) -> None:
    """Put a notification into inboxes; those that hold it already stay as they are.

    `seq` must grow in the order of commit, or a replay would miss rows: PostgreSQL's sequences run ahead of commits.
    """
    if not users:
        return
    take_turns(session)
    insert_each(session, InboxRow, "user_id", users, {"notification_id": notification_id})


def newest(session: Session, user_id: str, limit: int, before: int | None) -> list[Row[InboxRow, Notification]]:
    """Return a part of somebody's inbox, newest first, older than the row `before`."""
    query = _inbox(user_id).order_by(InboxRow.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(InboxRow.seq < before)
    return list(session.execute(query))


def missed(session: Session, user_id: str, after: int, from_id: str | None, limit: int) -> list[Notification]:
    """Return what came into somebody's inbox after the row `after`, oldest first, and before it, from an id on."""
    came = InboxRow.seq > after
    if from_id is not None:
        came |= (InboxRow.seq != after) & (InboxRow.notification_id >= from_id)
    query = _inbox(user_id).where(came).order_by(InboxRow.seq).limit(limit)
    return [notification for _, notification in session.execute(query)]


def position(session: Session, user_id: str, notification_id: str) -> int | None:
    """Return the place of a notification in somebody's inbox, None where it is not."""
    query = select(InboxRow.seq).where(InboxRow.user_id == user_id)
    return session.scalar(query.where(InboxRow.notification_id == notification_id))


def newest_id(session: Session, user_id: str) -> str | None:
    """Return the notification on top of somebody's inbox."""
    query = select(InboxRow.notification_id).where(InboxRow.user_id == user_id)
    return session.scalar(query.order_by(InboxRow.seq.desc()).limit(1))


def unread(session: Session, user_id: str) -> int:
    """Count what somebody has not read."""
    query = select(func.count()).where(InboxRow.user_id == user_id, InboxRow.read_at.is_(None))
    return session.scalar(query) or 0


def get(session: Session, notification_id: str) -> Notification | None:
    """Find one notification."""
    return session.get(Notification, notification_id)


def _inbox(user_id: str) -> Select[InboxRow, Notification]:
    query = select(InboxRow, Notification)
    return query.join(Notification, Notification.id == InboxRow.notification_id).where(InboxRow.user_id == user_id)


def deliveries(session: Session, notification_id: str, user_id: str | None, limit: int) -> list[Delivery]:
    """Return a notification's deliveries, all or those to one user, oldest first."""
    query = select(Delivery).where(Delivery.notification_id == notification_id)
    if user_id is not None:
        query = query.where(Delivery.user_id == user_id)
    return list(session.scalars(query.order_by(Delivery.id).limit(limit)))
