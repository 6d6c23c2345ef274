"""The SQL of rebuilding the read model of authors; PostgreSQL only, as the gateway's database is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Integer, Text, bindparam, or_, select, text
from sqlalchemy.orm import Session

from chassis.db.columns import UtcDateTime
from gateway.models import AuthorRow
from users.contract import ERASED

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
    bindparam("last_posts_at", type_=ARRAY(UtcDateTime)),
)

_ADD_MISSING = text("""
    INSERT INTO authors (id, username, changed_at, posts)
    SELECT given.id, given.username, :known_at, 0
    FROM unnest(:ids, :usernames) AS given(id, username) ORDER BY given.id
    ON CONFLICT DO NOTHING
""").bindparams(*_ROWS[:2], bindparam("known_at", type_=UtcDateTime))

_LOCK = text("SELECT FROM authors WHERE id = ANY(:ids) ORDER BY id FOR UPDATE").bindparams(_ROWS[0])

# A name that is as new as our question stays. Ours is marked as known a little earlier than we asked, so that the news
# of a change that was being committed at that moment still counts.
_RENAME = text("""
    UPDATE authors SET username = given.username, changed_at = greatest(changed_at, :known_at)
    FROM unnest(:ids, :usernames) AS given(id, username)
    WHERE authors.id = given.id AND changed_at < :asked_at AND (rebuilt_until IS NULL OR rebuilt_until < :until)
""").bindparams(*_ROWS[:2], *(bindparam(name, type_=UtcDateTime) for name in ("asked_at", "known_at")))

# Who was erased has no posts, even while feeds is still deleting them. The number of posts is that of the border with
# the facts beyond it; the last post is the last of those that feeds still had, and of new ones that no fact deletes.
_RESTORE = text("""
    UPDATE authors SET
        posts = CASE WHEN username = :erased THEN 0 ELSE given.posts + fresh.posts END,
        last_post_at = CASE WHEN username <> :erased THEN greatest(given.last_post_at, fresh.last_post_at) END,
        rebuilt_until = :until
    FROM unnest(:ids, :posts, :last_posts_at) AS given(id, posts, last_post_at),
    LATERAL (
        SELECT count(*) - 2 * count(deletes) AS posts,
            max(created_at) FILTER (WHERE deletes IS NULL AND NOT EXISTS (
                SELECT FROM counted_posts AS gone WHERE gone.author_id = given.id AND gone.deletes = fact.post_id
            )) AS last_post_at
        FROM counted_posts AS fact WHERE author_id = given.id AND greatest(post_id, deletes) > :until
    ) AS fresh
    WHERE authors.id = given.id AND (rebuilt_until IS NULL OR rebuilt_until < :until)
    RETURNING authors.posts
""").bindparams(_ROWS[0], *_ROWS[2:], erased=ERASED)


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

    Not in one statement with the lock: what was committed while we waited for it is seen only by the next one.
    """
    moments = {"asked_at": asked_at, "known_at": asked_at - UNSETTLED}
    session.execute(_RENAME, _columns(rows) | moments | {"until": until})
    return list(session.scalars(_RESTORE, _columns(rows) | {"until": until}))


def _columns(rows: Sequence[Restored]) -> dict[str, Any]:
    ids, usernames, posts, last_posts_at = ([*column] for column in zip(*rows, strict=True))
    return {"ids": ids, "usernames": usernames, "posts": posts, "last_posts_at": last_posts_at}
