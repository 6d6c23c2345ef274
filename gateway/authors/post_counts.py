"""The SQL of counting posts and their deletions; PostgreSQL only, as the gateway's database is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, bindparam, delete, select, text
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.columns import UtcDateTime
from chassis.db.sql import batch
from feeds.contract import PostCreated, PostDeleted
from gateway.models import CountedPost
from users.contract import ERASED

REMEMBERED = timedelta(hours=24)  # that a post was counted
_LONG_AGO = datetime.fromtimestamp(0, UTC)  # any news of a name is newer


class Counted(NamedTuple):
    """How an author stands after a fact: whether they have left, and whether their last post is one that is gone."""

    erased: bool
    last_is_gone: bool


_LAST_IS_GONE = """EXISTS (
    SELECT FROM counted_posts AS gone
    WHERE gone.author_id = authors.id AND gone.created_at = authors.last_post_at AND gone.deletes IS NOT NULL
)"""

# One round trip, because it runs for every post. The second statement sees what was committed while the first one
# waited for the author's row; within one statement a deletion that comes at the very same moment would be missed.
_COUNT = text(f"""
    WITH first AS (
        INSERT INTO counted_posts (post_id, deletes, author_id, created_at, counted_at)
        VALUES (:id, :deletes, :author_id, :created_at, now()) ON CONFLICT DO NOTHING RETURNING post_id
    )
    INSERT INTO authors (id, username, changed_at, posts, last_post_at)
    SELECT :author_id, :username, :known_at, :step, :last_post_at FROM first
    ON CONFLICT (id) DO UPDATE SET
        posts = authors.posts + excluded.posts,
        last_post_at = greatest(authors.last_post_at, excluded.last_post_at),
        username = CASE authors.username WHEN '' THEN excluded.username ELSE authors.username END,
        changed_at = CASE authors.username WHEN '' THEN excluded.changed_at ELSE authors.changed_at END
    WHERE authors.username <> :erased
    AND (authors.rebuilt_until IS NULL OR authors.rebuilt_until < greatest(:id, :deletes));

    SELECT username = :erased, {_LAST_IS_GONE} FROM authors WHERE id = :author_id
""").bindparams(  # noqa: S608 - of words of our own
    *(bindparam(name, type_=UtcDateTime) for name in ("created_at", "known_at", "last_post_at")), erased=ERASED
)

_WHOSE_LAST_IS_GONE = text(
    f"SELECT id FROM authors WHERE id = ANY(:ids) AND {_LAST_IS_GONE}"  # noqa: S608 - the same
).bindparams(bindparam("ids", type_=ARRAY(Text)))


def count(session: Session, fact: PostCreated | PostDeleted) -> Counted:
    """Count a post, or a deletion of one as one post less; once however often it is told, and not if a rebuild did.

    They may come in any order. An author who is not known yet gets the post's name for them, or from a deletion none;
    where a tombstone is nothing is counted.
    """
    if isinstance(fact, PostCreated):
        moments: dict[str, datetime | None] = {"known_at": fact.created_at, "last_post_at": fact.created_at}
        own: dict[str, str | int | None] = {"id": fact.id, "deletes": None, "username": fact.author_username, "step": 1}
    else:
        moments = {"known_at": _LONG_AGO, "last_post_at": None}
        own = {"id": fact.deletion_id, "deletes": fact.id, "username": "", "step": -1}
    same = {"author_id": fact.author_id, "created_at": fact.created_at}
    found = session.connection().execute(_COUNT, {**same, **moments, **own}).first()
    return Counted(*found) if found else Counted(erased=False, last_is_gone=False)


def whose_last_is_gone(session: Session, ids: Sequence[str]) -> list[str]:
    """Return those of these authors whose last post is one that was deleted."""
    return list(session.scalars(_WHOSE_LAST_IS_GONE, {"ids": ids}))


def forget_counted(session: Session, limit: int) -> int:
    """Remove facts about posts that nobody will tell of again; return how many. Several processes may do so."""
    old = select(CountedPost.post_id).where(CountedPost.counted_at < clock.now() - REMEMBERED)
    result: Any = session.execute(delete(CountedPost).where(CountedPost.post_id.in_(batch(old, limit))))
    return int(result.rowcount)
