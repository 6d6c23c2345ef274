"""Erases a deleted account: the user's inbox, and the name and texts in notifications about their posts."""

from chassis.db.unit_of_work import UnitOfWork
from notifications import texts
from notifications.cleanup import erasure_store
from notifications.inbox import inbox_store, post_updates

BATCH = 500  # rows per transaction


def erase(db: UnitOfWork, user_id: str, page: int) -> None:
    """Erase in short transactions; may be repeated. Changes are published to `page` users per event."""
    with db.write() as session:
        erasure_store.mark_erased(session, user_id)
        erasure_store.delete_urgent_deliveries(session, user_id)
    more = True
    while more:
        with db.write() as session:
            more = erasure_store.delete_inbox_rows(session, user_id, BATCH)
    while posts := _redact(db, user_id):
        for post_id in posts:
            post_updates.publish_change(db, post_id, page)
        with db.write() as session:
            erasure_store.remove_author(session, posts)


def _redact(db: UnitOfWork, author_id: str) -> list[str]:
    """Replace the content of a batch of notifications about a user's posts; return the ids of the posts.

    They name the author until the change is published, so a repetition finds those that were not published.
    """
    with db.write() as session:
        inbox_store.lock(session)
        notifications = erasure_store.lock_by_author(session, author_id, BATCH)
        for notification in notifications:
            content = texts.for_erased_post(notification.data["post_id"], author_id)
            notification.title, notification.message, notification.data = content.title, content.message, content.data
            inbox_store.mark_changed(session, notification)
        return [notification.data["post_id"] for notification in notifications]
