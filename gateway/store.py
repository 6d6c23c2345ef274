"""All SQL of the gateway."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from chassis.sql import insert_new, upsert
from gateway.models import AuthorRow, RouteRow


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
    """Keep an author's name unless a newer one is known; return whether it was news."""
    statement = upsert(session, AuthorRow).values(id=author_id, username=username, changed_at=changed_at, posts=0)
    statement = statement.on_conflict_do_update(
        index_elements=[AuthorRow.id],
        set_={"username": username, "changed_at": changed_at},
        where=AuthorRow.changed_at < changed_at,
    )
    result: Any = session.connection().execute(statement)
    return bool(result.rowcount)


def count_post(session: Session, author_id: str, created_at: datetime) -> None:
    """Count one more post of an author who is known."""
    latest = case((AuthorRow.last_post_at > created_at, AuthorRow.last_post_at), else_=created_at)
    values = {"posts": AuthorRow.posts + 1, "last_post_at": func.coalesce(latest, created_at)}
    session.execute(update(AuthorRow).where(AuthorRow.id == author_id).values(values))
