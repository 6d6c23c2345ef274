"""All SQL of the gateway."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from chassis.columns import Moment
from chassis.sql import insert_new, upsert
from gateway.models import AuthorRow, RouteRow
from users.contract import ERASED


def rules(session: Session) -> list[RouteRow]:
    """Return the routing information of all routes."""
    return list(session.scalars(select(RouteRow).order_by(RouteRow.name)))


def seed_rule(session: Session, values: dict[str, Any]) -> None:
    """Add a route that is new; what operators set for a known one stays."""
    insert_new(session, RouteRow, values)


def change_rule(session: Session, name: str, values: dict[str, Any]) -> RouteRow | None:
    """Change a route and return it; None if there is no such route."""
    row = session.get(RouteRow, name)
    if row is not None:
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
        INSERT INTO handled_requests (key, digest, reply, created_at)
        VALUES (:fact, '', '', now()) ON CONFLICT DO NOTHING RETURNING key
    )
    INSERT INTO authors (id, username, changed_at, posts, last_post_at)
    SELECT :author_id, :username, :created_at, 1, :created_at FROM first
    ON CONFLICT (id) DO UPDATE SET
        posts = authors.posts + 1,
        last_post_at = greatest(authors.last_post_at, excluded.last_post_at)
    WHERE authors.username <> :erased
""").bindparams(bindparam("created_at", type_=Moment), erased=ERASED)


def count_post(session: Session, post_id: str, author_id: str, username: str, created_at: datetime) -> bool:
    """Count a post, once however often it is told, and return whether it was.

    An author who is not known yet gets the post's name for them; where a tombstone is nothing is counted.
    """
    result: Any = session.connection().execute(
        _COUNT_POST,
        {"fact": f"counted:{post_id}", "author_id": author_id, "username": username, "created_at": created_at},
    )
    return bool(result.rowcount)
