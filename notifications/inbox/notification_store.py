"""SQL of notifications."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import insert_new
from chassis.ids import new_id
from notifications import contract
from notifications.models import Notification
from notifications.texts import Content

# What clients get of a notification.
COLUMNS = [Notification.__table__.c[name] for name in contract.Notification.model_fields]
_INSERT = insert(Notification)


@dataclass(frozen=True, slots=True)
class Progress:
    """The last user that a fan-out has reached, in the order of ids, and whether it is complete."""

    reached: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post, the content of its notification, and the time that decides which users were active."""

    id: str
    content: Content
    as_of: datetime


def create(session: Session, content: Content) -> Notification:
    """Create a notification whose recipients are all added in this transaction."""
    row = _row(content, Progress(done=True))
    session.connection().execute(_INSERT, row)
    return Notification(**row)


def create_once(session: Session, content: Content, source: str) -> str | None:
    """Create the notification of a source, which is complete; return its id, or None if there is one."""
    row = _row(content, Progress(done=True)) | {"source": source}
    return str(row["id"]) if insert_new(session, Notification, row) else None


def create_for_posts(session: Session, posts: Sequence[NewPost], progress: Progress) -> list[Notification]:
    """Create the notifications about posts that have none. `progress` is that of this transaction."""
    if not posts:
        return []
    rows = [_row(post.content, progress) | {"source": post.id, "as_of": post.as_of} for post in posts]
    session.connection().execute(_INSERT, rows)
    return [Notification(**row) for row in rows]


def get(session: Session, notification_id: str) -> Notification | None:
    """Return a notification."""
    return session.get(Notification, notification_id)


def lock_for_post(session: Session, post_id: str) -> Notification | None:
    """Return the notification about a post, locked until the commit."""
    return lock_for_posts(session, [post_id]).get(post_id)


def lock_for_posts(session: Session, post_ids: Collection[str]) -> dict[str, Notification]:
    """Return the notifications about posts by the ids of the posts, locked until the commit."""
    query = select(Notification).where(Notification.source.in_(post_ids)).order_by(Notification.id)
    return {str(notification.source): notification for notification in session.scalars(query.with_for_update())}


def _row(content: Content, progress: Progress) -> dict[str, object]:
    return {
        "id": new_id(),
        "kind": content.kind,
        "title": content.title,
        "message": content.message,
        "data": content.data,
        "author_id": content.data.get("author_id"),
        "created_at": clock.now(),
        **asdict(progress),
    }
