"""SQL of what became of posts after they were told."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications.models import Delivery, InboxRow, Notification, PostNews

# Ids of notifications whose post was deleted.
GONE = select(Notification.id).join(PostNews, PostNews.post_id == Notification.source).where(PostNews.text.is_(None))

_CORE = {"synchronize_session": False}


def keep(session: Session, post_id: str, text: str | None, changed_at: datetime) -> bool:
    """Keep news of a post; return whether nothing newer is known, and nothing is newer than a deletion.

    For those who take turns.
    """
    known = session.get(PostNews, post_id)
    if known is None:
        session.add(PostNews(post_id=post_id, text=text, changed_at=changed_at))
        return True
    if text is not None and (known.text is None or known.changed_at > changed_at):
        return False
    known.text, known.changed_at = text, changed_at
    return True


def of(session: Session, post_id: str) -> PostNews | None:
    """Return what became of a post."""
    return session.get(PostNews, post_id)


def told(session: Session, post_id: str) -> Notification | None:
    """Return the notification about a post, locked until the commit."""
    return session.scalar(select(Notification).where(Notification.source == post_id).with_for_update())


def cancel(session: Session, notification_id: str, reason: str) -> None:
    """Cancel deliveries that nobody works on; what is being sent goes on."""
    waiting = update(Delivery).where(Delivery.notification_id == notification_id, Delivery.status == "pending")
    values = {"status": "cancelled", "due_at": None, "last_error": reason, "updated_at": clock.now()}
    session.execute(waiting.values(values), execution_options=_CORE)


def recipients(session: Session, notification_id: str, after: str, limit: int) -> list[str]:
    """Return a page of those who have a notification in their inbox, by id."""
    query = select(InboxRow.user_id).where(InboxRow.notification_id == notification_id, InboxRow.user_id > after)
    return list(session.scalars(query.order_by(InboxRow.user_id).limit(limit)))


def about_deleted(session: Session, notification_ids: Iterable[str]) -> set[str]:
    """Return those of these notifications whose post was deleted."""
    return set(session.scalars(GONE.where(Notification.id.in_(set(notification_ids)))))
