"""The SQL of rebuilding the read model of authors; PostgreSQL only, as the gateway's database is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Integer, Text, bindparam, or_, select, text
from sqlalchemy.orm import Session

from chassis.columns import Moment
from gateway.models import AuthorRow

# The longest that a transaction takes between making an id or a moment and its commit, and clocks that differ.
UNSETTLED = timedelta(seconds=60)


class Restored(NamedTuple):
    """An author as the other services know them; posts up to the border."""

    id: str
    username: str
    posts: int
    last_post_at: datetime | None


_ROWS = (
    bindparam("ids", type_=ARRAY(Text)),
    bindparam("usernames", type_=ARRAY(Text)),
    bindparam("posts", type_=ARRAY(Integer)),
    bindparam("last_posts_at", type_=ARRAY(Moment)),
)

_ADD_MISSING = text("""
    INSERT INTO authors (id, username, changed_at, posts)
    SELECT given.id, given.username, :known_at, 0
    FROM unnest(:ids, :usernames) AS given(id, username) ORDER BY given.id
    ON CONFLICT DO NOTHING
""").bindparams(*_ROWS[:2], bindparam("known_at", type_=Moment))

_LOCK = text("SELECT FROM authors WHERE id = ANY(:ids) ORDER BY id FOR UPDATE").bindparams(_ROWS[0])

# A name that is as new as our question stays. Ours is marked as known a little earlier than we asked, so that the news
# of a change that was being committed at that moment still counts.
_RESTORE = text("""
    UPDATE authors SET
        posts = given.posts + fresh.posts,
        last_post_at = greatest(given.last_post_at, fresh.last_post_at),
        rebuilt_until = :until,
        username = CASE WHEN changed_at < :asked_at THEN given.username ELSE authors.username END,
        changed_at = CASE WHEN changed_at < :asked_at THEN greatest(changed_at, :known_at) ELSE changed_at END
    FROM unnest(:ids, :usernames, :posts, :last_posts_at) AS given(id, username, posts, last_post_at),
    LATERAL (
        SELECT count(*) AS posts, max(created_at) AS last_post_at
        FROM counted_posts WHERE author_id = given.id AND post_id > :until
    ) AS fresh
    WHERE authors.id = given.id AND (rebuilt_until IS NULL OR rebuilt_until < :until)
    RETURNING authors.posts
""").bindparams(*_ROWS, bindparam("asked_at", type_=Moment), bindparam("known_at", type_=Moment))


def not_restored(session: Session, until: str, after: str, limit: int) -> list[str]:
    """Return ids of authors whose rows no rebuild with this border, or a younger one, has touched."""
    older = or_(AuthorRow.rebuilt_until.is_(None), AuthorRow.rebuilt_until < until)
    query = select(AuthorRow.id).where(AuthorRow.id > after, older).order_by(AuthorRow.id).limit(limit)
    return list(session.scalars(query))


def lock(session: Session, rows: Sequence[Restored], asked_at: datetime) -> None:
    """Hold the rows, so that posts are counted before or after this transaction; make those that are missing."""
    session.execute(_ADD_MISSING, _columns(rows) | {"known_at": asked_at - UNSETTLED})
    session.execute(_LOCK, _columns(rows))


def restore(session: Session, rows: Sequence[Restored], asked_at: datetime, until: str) -> list[int]:
    """Put right rows that are locked, and set their border; return their numbers of posts.

    It must be a statement of its own: what was committed while we waited for the lock is seen only by the next one.
    """
    moments = {"until": until, "asked_at": asked_at, "known_at": asked_at - UNSETTLED}
    return list(session.scalars(_RESTORE, _columns(rows) | moments))


def _columns(rows: Sequence[Restored]) -> dict[str, Any]:
    ids, usernames, posts, last_posts_at = ([*column] for column in zip(*rows, strict=True))
    return {"ids": ids, "usernames": usernames, "posts": posts, "last_posts_at": last_posts_at}
