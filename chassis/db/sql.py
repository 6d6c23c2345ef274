"""SQL that differs between PostgreSQL and SQLite."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Table, Text, bindparam, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_TEXTS = "texts_of_rows"  # name of a bind parameter


def upsert(session: Session, table: Table | type[DeclarativeBase]) -> Any:
    """Return the dialect's insert, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return _INSERT[session.get_bind().dialect.name](table)


def insert_new(session: Session, table: Table | type[DeclarativeBase], row: dict[str, Any]) -> bool:
    """Insert a row unless it violates a unique key; return whether it was inserted."""
    # The row is a parameter: in `.values()` it would be part of the statement, which costs four times as much.
    result: Any = session.connection().execute(upsert(session, table).on_conflict_do_nothing(), row)
    return bool(result.rowcount)


def insert_each(
    session: Session, table: type[DeclarativeBase], column: str, texts: Sequence[str], same: dict[str, Any]
) -> None:
    """Insert a row for each text, which is its value in `column`; `same` has the values that all rows share.

    Rows that violate a unique key are skipped. All texts are one parameter: compared with `executemany`, 10,000 rows
    cost a third of the CPU on SQLite, and a sixth on PostgreSQL.
    """
    dialect = session.get_bind().dialect.name
    statement = _insert_each(dialect, table, column, tuple(same))
    parameter = list(texts) if dialect == "postgresql" else json.dumps(texts)
    session.connection().execute(statement, {_TEXTS: parameter, **same})


@lru_cache
def _insert_each(dialect: str, table: type[DeclarativeBase], column: str, same: tuple[str, ...]) -> Any:
    """Build the statement; cached, because building it costs more than running it for a few rows."""
    if dialect == "postgresql":
        function = func.unnest(bindparam(_TEXTS, type_=postgresql.ARRAY(Text)))
        texts = function.table_valued("value").render_derived()
    else:
        texts = func.json_each(bindparam(_TEXTS, type_=Text)).table_valued("value")
    shared = (bindparam(name, type_=table.__table__.c[name].type) for name in same)
    rows = select(texts.c.value, *shared).where(true())  # SQLite requires a WHERE before ON CONFLICT
    return _INSERT[dialect](table).from_select([column, *same], rows).on_conflict_do_nothing()


def batch(query: Select[Any], limit: int) -> Select[Any]:
    """Return a subquery for `in_`: up to `limit` rows of a query, locked, without rows that are locked already.

    The locking query is in a WITH, which runs once. PostgreSQL may run a plain subquery once for each row of the outer
    statement; it would then skip the rows changed so far and exceed the limit. The WITH is inside the subquery, because
    sqlite3 does not count the rows that a statement changed if the statement begins with WITH.
    """
    return select(query.limit(limit).with_for_update(skip_locked=True).cte("batch", nesting=True))


def advisory_lock(session: Session, key: int, *, shared: bool = False) -> None:
    """Wait for PostgreSQL's advisory lock of a key and hold it until the commit; SQLite has only one writer anyway.

    Transactions that take it `shared` exclude only those that do not.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        session.execute(select(lock(key)))
