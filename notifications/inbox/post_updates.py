"""Applies updates of posts (edited, deleted) to notifications.

An update may arrive before the fan-out of its post, or between two of its pages. So updates are stored, and every page
of a fan-out reads them. Both lock inboxes: either the page comes first, and the update changes its notification, or the
page finds the update.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from notifications import serializers, texts
from notifications.contract import NotificationChanged
from notifications.delivery import delivery_store
from notifications.inbox import frame_sequence, inbox_store, notification_store, post_updates_store
from notifications.models import Notification


def apply(db: UnitOfWork, post_id: str, text: str | None, changed_at: datetime, limit: int) -> None:
    """Store an update of a post (no text: deleted), change its notification, and publish, `limit` users at a time.

    A repetition publishes again, unless a newer update is stored.
    """
    with db.write() as session:
        inbox_store.lock(session)
        is_newest = post_updates_store.store(session, post_id, text, changed_at)
        changed = is_newest and _change(session, post_id, text)
    if changed:
        publish_change(db, post_id, limit)


def publish_change(db: UnitOfWork, post_id: str, limit: int) -> None:
    """Publish the content of the notification about a post to all users who have it, `limit` users per event."""
    last: str | None = ""
    while last is not None:
        with db.write() as session:
            last = _publish_page(session, post_id, last, limit)


def _change(session: Session, post_id: str, text: str | None) -> bool:
    """Change the notification about a post; return False if there is none, or its text was removed already."""
    notification = notification_store.lock_for_post(session, post_id)
    if notification is None:
        return False
    if text is None:
        _mark_deleted(session, notification)
    elif notification.data.get("deleted"):
        return False
    else:
        notification.message = texts.post_excerpt(text)
    inbox_store.mark_changed(session, notification)
    return True


def _mark_deleted(session: Session, notification: Notification) -> None:
    notification.message = texts.POST_DELETED
    notification.data = notification.data | {"deleted": True}
    delivery_store.cancel(session, notification.id, delivery_store.POST_DELETED)


def _publish_page(session: Session, post_id: str, after: str, limit: int) -> str | None:
    """Publish to the users after `after`; return the last of them, or None after the last page.

    For these users the content changes now: a replay that starts at a notification of this moment must include it.
    """
    inbox_store.lock(session)
    notification = notification_store.lock_for_post(session, post_id)
    if notification is None:
        return None
    users = inbox_store.recipients(session, notification.id, after, limit)
    if users:
        inbox_store.mark_changed(session, notification)
        payload, seqs = serializers.notification(notification), frame_sequence.next_of(session, users)
        outbox.add(session, NotificationChanged(notification=payload, recipients=users, seqs=seqs))
    return users[-1] if len(users) == limit else None
