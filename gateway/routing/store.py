"""SQL of the routing information."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new
from gateway.models import RouteRow


def all_rows(session: Session) -> list[RouteRow]:
    """Return the rows of all routes by name."""
    return list(session.scalars(select(RouteRow).order_by(RouteRow.name)))


def add(session: Session, values: dict[str, Any]) -> None:
    """Add a route unless it exists; what operators set stays."""
    insert_new(session, RouteRow, values)


def change(session: Session, name: str, values: dict[str, Any]) -> RouteRow:
    """Change columns of an existing route and return it."""
    row = session.get_one(RouteRow, name, with_for_update=True)
    for column, value in values.items():
        setattr(row, column, value)
    return row
