"""SQL of updates of posts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from notifications.models import PostUpdate

# Built once: that costs more than to run it for one post.
_NEWEST = select(PostUpdate.post_id, PostUpdate.text).where(PostUpdate.post_id.in_(bindparam("ids", expanding=True)))


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


def newest(session: Session, post_ids: Collection[str]) -> dict[str, str | None]:
    """Return the newest texts of those of the posts that were edited, or None if they were deleted, by their ids."""
    return {row.post_id: row.text for row in session.connection().execute(_NEWEST, {"ids": list(post_ids)})}
