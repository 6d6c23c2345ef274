"""SQL of updates of posts."""

from datetime import datetime

from sqlalchemy.orm import Session

from notifications.models import PostUpdate


def store(session: Session, post_id: str, text: str | None, changed_at: datetime) -> bool:
    """Store an update; return False, and change nothing, if a newer one is stored. A deletion is always the newest.

    The caller locks inboxes.
    """
    stored = session.get(PostUpdate, post_id)
    if stored is None:
        session.add(PostUpdate(post_id=post_id, text=text, changed_at=changed_at))
        return True
    if text is not None and (stored.text is None or stored.changed_at > changed_at):
        return False
    stored.text, stored.changed_at = text, changed_at
    return True


def get(session: Session, post_id: str) -> PostUpdate | None:
    """Return the newest update of a post."""
    return session.get(PostUpdate, post_id)
