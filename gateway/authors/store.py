"""SQL of the routing information and of the read model of authors."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new, upsert
from gateway.models import AuthorRow, RouteRow
from users.contract import ERASED


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
    query = select(AuthorRow.id, AuthorRow.username).where(AuthorRow.id.in_(set(ids)), AuthorRow.username != "")
    rows = session.execute(query)
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


def most_active(session: Session, limit: int) -> list[AuthorRow]:
    """Return the authors with the most posts."""
    return list(session.scalars(select(AuthorRow).order_by(AuthorRow.posts.desc(), AuthorRow.id).limit(limit)))
