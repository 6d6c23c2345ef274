"""Forgets somebody whose account was deleted: what they were told, and what others were told of them."""

from chassis import clock
from chassis.sessions import Sessions
from notifications import messages, news, store_erasure

BATCH = 500  # rows a transaction


def erase(db: Sessions, user_id: str, page: int) -> None:
    """Do it in short transactions; each does what the others have left, so it may be repeated at any time."""
    with db.write() as session:
        store_erasure.remember(session, user_id)
    more = True
    while more:
        with db.write() as session:
            more = store_erasure.empty_inbox(session, user_id, BATCH)
    while posts := _redact(db, user_id):
        for post_id in posts:
            news.announce(db, post_id, page)


def _redact(db: Sessions, author_id: str) -> list[str]:
    """Take the name and the words out of some notifications about somebody's posts; return the ids of the posts."""
    with db.write() as session:
        found = store_erasure.about_posts_of(session, author_id, BATCH)
        for notification in found:
            content = messages.about_erased_post(notification.data["post_id"], author_id)
            notification.title, notification.message, notification.data = content.title, content.message, content.data
            notification.author_id, notification.changed_at = None, clock.now()
        return [notification.data["post_id"] for notification in found]
