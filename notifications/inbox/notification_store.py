"""SQL of notifications."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import insert_new
from chassis.ids import new_id
from notifications.models import Notification
from notifications.texts import Content


@dataclass(frozen=True, slots=True)
class Progress:
    """The last user that a fan-out has reached, in the order of ids, and whether it is complete."""

    reached: str | None = None
    done: bool = False


def create(session: Session, content: Content) -> Notification:
    """Create a notification whose recipients are all added in this transaction."""
    row = _row(content, Progress(done=True))
    session.connection().execute(insert(Notification), row)
    return Notification(**row)


def create_for_post(
    session: Session, content: Content, post_id: str, as_of: datetime, progress: Progress
) -> Notification | None:
    """Create the notification about a post; return None if it exists already.

    `as_of` decides which users were active. `progress` is that of this transaction.
    """
    row = _row(content, progress) | {"source": post_id, "as_of": as_of}
    return Notification(**row) if insert_new(session, Notification, row) else None


def get(session: Session, notification_id: str) -> Notification | None:
    """Return a notification."""
    return session.get(Notification, notification_id)


def lock_for_post(session: Session, post_id: str) -> Notification | None:
    """Return the notification about a post, locked until the commit."""
    return session.scalar(select(Notification).where(Notification.source == post_id).with_for_update())


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
