"""SQL of forgetting somebody."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new
from notifications.inbox import inbox_store
from notifications.models import Delivery, Erased, InboxRow, Notification

_CORE = {"synchronize_session": False}


def remember(session: Session, user_id: str) -> None:
    """Note that somebody has left; nobody is told of their posts from the commit on."""
    inbox_store.take_turns(session)
    insert_new(session, Erased, {"user_id": user_id})


def has_left(session: Session, user_id: str) -> bool:
    """Tell whether somebody has left."""
    return session.get(Erased, user_id) is not None


def empty_inbox(session: Session, user_id: str, limit: int) -> bool:
    """Delete a part of somebody's inbox with its deliveries; say whether there may be more.

    Who has a delivery has an inbox row too, and from there the way to the delivery is an index.
    """
    query = select(InboxRow.seq, InboxRow.notification_id).where(InboxRow.user_id == user_id)
    rows = session.execute(query.order_by(InboxRow.seq).limit(limit).with_for_update()).all()  # as retention does
    told = [row.notification_id for row in rows]
    for statement in (
        delete(Delivery).where(Delivery.user_id == user_id, Delivery.notification_id.in_(told)),
        delete(InboxRow).where(InboxRow.seq.in_([row.seq for row in rows])),
    ):
        session.execute(statement, execution_options=_CORE)
    return len(rows) == limit


def about_posts_of(session: Session, author_id: str, limit: int) -> list[Notification]:
    """Return notifications about somebody's posts that still name them, locked until the commit."""
    query = select(Notification).where(Notification.author_id == author_id).limit(limit)
    return list(session.scalars(query.with_for_update()))
