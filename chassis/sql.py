"""The little SQL that the two dialects say differently."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def upsert(session: Session, table: Table | type[DeclarativeBase]) -> Any:
    """Return the dialect's insert, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return _INSERT[session.get_bind().dialect.name](table)


def insert_new(session: Session, table: Table | type[DeclarativeBase], row: dict[str, Any]) -> bool:
    """Insert a row unless it breaks a unique key; return whether it is new."""
    result: Any = session.connection().execute(upsert(session, table).values(row).on_conflict_do_nothing())
    return bool(result.rowcount)
