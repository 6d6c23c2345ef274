"""Forgets somebody whose account was deleted: what they were told, and what others were told of them."""

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from notifications import wording
from notifications.cleanup import erasure_store
from notifications.inbox import post_updates

BATCH = 500  # rows a transaction


def erase(db: UnitOfWork, user_id: str, page: int) -> None:
    """Do it in short transactions; each does what the others have left, so it may be repeated at any time."""
    with db.write() as session:
        erasure_store.remember(session, user_id)
    more = True
    while more:
        with db.write() as session:
            more = erasure_store.empty_inbox(session, user_id, BATCH)
    while posts := _redact(db, user_id):
        for post_id in posts:
            post_updates.announce(db, post_id, page)


def _redact(db: UnitOfWork, author_id: str) -> list[str]:
    """Take the name and the words out of some notifications about somebody's posts; return the ids of the posts."""
    with db.write() as session:
        found = erasure_store.about_posts_of(session, author_id, BATCH)
        for notification in found:
            content = wording.about_erased_post(notification.data["post_id"], author_id)
            notification.title, notification.message, notification.data = content.title, content.message, content.data
            notification.author_id, notification.changed_at = None, clock.now()
        return [notification.data["post_id"] for notification in found]
