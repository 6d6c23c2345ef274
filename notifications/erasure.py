"""Forgets somebody whose account was deleted: what they were told, and what others were told of them."""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.sessions import Sessions
from notifications import messages, store_erasure

BATCH = 500  # rows a transaction


def erase(db: Sessions, user_id: str) -> None:
    """Do it in short transactions; each does what the others have left, so it may be repeated at any time."""
    with db.write() as session:
        store_erasure.remember(session, user_id)
    for step in (store_erasure.empty_inbox, _redact):
        more = True
        while more:
            with db.write() as session:
                more = step(session, user_id, BATCH)


def _redact(session: Session, author_id: str, limit: int) -> bool:
    """Take the name and the words out of notifications about somebody's posts; say whether there may be more."""
    found = store_erasure.about_posts_of(session, author_id, limit)
    for notification in found:
        content = messages.about_erased_post(notification.data["post_id"], author_id)
        notification.title, notification.message, notification.data = content.title, content.message, content.data
        notification.author_id, notification.changed_at = None, clock.now()
    return len(found) == limit
