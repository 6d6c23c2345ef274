"""News of a post that was told: it was edited, or deleted.

They may overtake the fan-out, or come between two of its pages. So they are kept, and each page looks at them. Both
take turns: a page either comes before the news, and then the notification is changed here, or it finds them.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from notifications import serializers, wording
from notifications.contract import NotificationChanged
from notifications.inbox import inbox_store, post_updates_store
from notifications.models import Notification

DELETED = "the post was deleted"  # why a delivery was cancelled


def spread(db: UnitOfWork, post_id: str, text: str | None, changed_at: datetime, limit: int) -> None:
    """Keep news of a post, change what people read of it, and tell their sockets, a page of people at a time.

    A repetition does all of it again, unless newer news came meanwhile. Without a text the post was deleted.
    """
    with db.write() as session:
        inbox_store.take_turns(session)
        told = post_updates_store.keep(session, post_id, text, changed_at) and _change(session, post_id, text)
    if told:
        announce(db, post_id, limit)


def announce(db: UnitOfWork, post_id: str, limit: int) -> None:
    """Tell the sockets of all who have the notification about a post what it says now."""
    reached: str | None = ""
    while reached is not None:
        with db.write() as session:
            reached = _announce(session, post_id, reached, limit)


def _change(session: Session, post_id: str, text: str | None) -> bool:
    """Change the words of the notification about a post; false if there is none, or its author's words are gone."""
    notification = post_updates_store.told(session, post_id)
    if notification is None:
        return False
    if text is None:
        _take_back(session, notification)
    elif notification.author_id is None:  # they have left
        return False
    else:
        notification.message = wording.of_post(text)
    notification.changed_at = clock.now()
    return True


def _take_back(session: Session, notification: Notification) -> None:
    notification.message = wording.DELETED
    notification.data = notification.data | {"deleted": True}
    post_updates_store.cancel(session, notification.id, DELETED)


def _announce(session: Session, post_id: str, after: str, limit: int) -> str | None:
    """Tell a page of those who have it what it says now; return the last of them, or None after the last page."""
    notification = post_updates_store.told(session, post_id)
    if notification is None:
        return None
    page = post_updates_store.recipients(session, notification.id, after, limit)
    if page:
        outbox.add(session, NotificationChanged(notification=serializers.notification(notification), recipients=page))
    return page[-1] if len(page) == limit else None
