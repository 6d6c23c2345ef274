"""All SQL of the gateway."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from chassis import clock
from chassis.columns import Moment
from chassis.sql import insert_new, upsert
from gateway.models import AuthorRow, CountedPost, RouteRow
from users.contract import ERASED

REMEMBERED = timedelta(hours=24)  # that a post was counted


def rules(session: Session) -> list[RouteRow]:
    """Return the routing information of all routes."""
    return list(session.scalars(select(RouteRow).order_by(RouteRow.name)))


def seed_rule(session: Session, values: dict[str, Any]) -> None:
    """Add a route that is new; what operators set for a known one stays."""
    insert_new(session, RouteRow, values)


def change_rule(session: Session, name: str, values: dict[str, Any]) -> RouteRow:
    """Change a route that is there and return it."""
    row = session.get_one(RouteRow, name, with_for_update=True)
    for column, value in values.items():
        setattr(row, column, value)
    return row


def usernames(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of the authors that are known, in one query."""
    rows = session.execute(select(AuthorRow.id, AuthorRow.username).where(AuthorRow.id.in_(set(ids))))
    return {row.id: row.username for row in rows}


def name_author(session: Session, author_id: str, username: str, changed_at: datetime) -> bool:
    """Keep an author's name unless a newer one is known, or that there is none; return whether it was news."""
    statement = upsert(session, AuthorRow).values(id=author_id, username=username, changed_at=changed_at, posts=0)
    statement = statement.on_conflict_do_update(
        index_elements=[AuthorRow.id],
        set_={"username": username, "changed_at": changed_at},
        where=(AuthorRow.changed_at < changed_at) & (AuthorRow.username != ERASED),
    )
    result: Any = session.connection().execute(statement)
    return bool(result.rowcount)


def erase_author(session: Session, author_id: str, erased_at: datetime) -> None:
    """Leave a tombstone where an author was: no news brings a name back."""
    nobody = {"username": ERASED, "changed_at": erased_at, "posts": 0, "last_post_at": None}
    statement = upsert(session, AuthorRow).values(id=author_id, **nobody)
    session.execute(statement.on_conflict_do_update(index_elements=[AuthorRow.id], set_=nobody))


def is_erased(session: Session, author_id: str) -> bool:
    """Tell whether there is a tombstone."""
    return session.scalar(select(AuthorRow.username).where(AuthorRow.id == author_id)) == ERASED


# PostgreSQL only, as the gateway's database is. One statement, because it runs for every post.
_COUNT_POST = text("""
    WITH first AS (
        INSERT INTO counted_posts (post_id, author_id, created_at, counted_at)
        VALUES (:post_id, :author_id, :created_at, now()) ON CONFLICT DO NOTHING RETURNING post_id
    )
    INSERT INTO authors (id, username, changed_at, posts, last_post_at)
    SELECT :author_id, :username, :created_at, 1, :created_at FROM first
    ON CONFLICT (id) DO UPDATE SET
        posts = authors.posts + 1,
        last_post_at = greatest(authors.last_post_at, excluded.last_post_at)
    WHERE authors.username <> :erased AND (authors.rebuilt_until IS NULL OR authors.rebuilt_until < :post_id)
""").bindparams(bindparam("created_at", type_=Moment), erased=ERASED)


def count_post(session: Session, post_id: str, author_id: str, username: str, created_at: datetime) -> bool:
    """Count a post, once however often it is told, and not if a rebuild did; return whether it was counted now.

    An author who is not known yet gets the post's name for them; where a tombstone is nothing is counted.
    """
    result: Any = session.connection().execute(
        _COUNT_POST,
        {"post_id": post_id, "author_id": author_id, "username": username, "created_at": created_at},
    )
    return bool(result.rowcount)


def forget_counted(session: Session, limit: int) -> int:
    """Remove facts about posts that nobody will tell of again; return how many. Several processes may do so."""
    old = (
        select(CountedPost.post_id)
        .where(CountedPost.counted_at < clock.now() - REMEMBERED)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    result: Any = session.execute(delete(CountedPost).where(CountedPost.post_id.in_(old.scalar_subquery())))
    return int(result.rowcount)


def most_active(session: Session, limit: int) -> list[AuthorRow]:
    """Return the authors with the most posts."""
    return list(session.scalars(select(AuthorRow).order_by(AuthorRow.posts.desc(), AuthorRow.id).limit(limit)))
