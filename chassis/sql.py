"""The little SQL that the two dialects say differently."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, TableValuedAlias, Text, func, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def upsert(session: Session, table: Table | type[DeclarativeBase]) -> Any:
    """Return the dialect's insert, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return _INSERT[session.get_bind().dialect.name](table)


def insert_new(session: Session, table: Table | type[DeclarativeBase], row: dict[str, Any]) -> bool:
    """Insert a row unless it breaks a unique key; return whether it is new."""
    # The row as a parameter: in `.values()` it would be part of the statement, and cost four times as much.
    result: Any = session.connection().execute(upsert(session, table).on_conflict_do_nothing(), row)
    return bool(result.rowcount)


def table_of(session: Session, values: Sequence[str]) -> TableValuedAlias:
    """Return texts as a table with the column `value`: a thousand rows travel as one parameter, not as thousands."""
    if session.get_bind().dialect.name == "postgresql":
        return func.unnest(literal(list(values), postgresql.ARRAY(Text))).table_valued("value")
    return func.json_each(json.dumps(values)).table_valued("value")
