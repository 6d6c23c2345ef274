"""The little SQL that the two dialects say differently."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Table, Text, bindparam, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_TEXTS = "texts_of_rows"


def upsert(session: Session, table: Table | type[DeclarativeBase]) -> Any:
    """Return the dialect's insert, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return _INSERT[session.get_bind().dialect.name](table)


def insert_new(session: Session, table: Table | type[DeclarativeBase], row: dict[str, Any]) -> bool:
    """Insert a row unless it breaks a unique key; return whether it is new."""
    # The row as a parameter: in `.values()` it would be part of the statement, and cost four times as much.
    result: Any = session.connection().execute(upsert(session, table).on_conflict_do_nothing(), row)
    return bool(result.rowcount)


def insert_each(
    session: Session, table: type[DeclarativeBase], column: str, texts: Sequence[str], same: dict[str, Any]
) -> None:
    """Insert a row for each text, which goes into `column`, beside what is the same in all of them.

    Rows that break a unique key are left out. A thousand rows travel as one parameter: a fan-out to 10,000 people cost
    a third of the CPU that it took with `executemany` on SQLite, and a sixth on PostgreSQL.
    """
    dialect = session.get_bind().dialect.name
    statement = _insert_each(dialect, table, column, tuple(same))
    parameter = list(texts) if dialect == "postgresql" else json.dumps(texts)
    session.connection().execute(statement, {_TEXTS: parameter, **same})


@lru_cache
def _insert_each(dialect: str, table: type[DeclarativeBase], column: str, same: tuple[str, ...]) -> Any:
    """Built once: putting it together costs more than running it for a few rows."""
    if dialect == "postgresql":
        function = func.unnest(bindparam(_TEXTS, type_=postgresql.ARRAY(Text)))
        texts = function.table_valued("value").render_derived()
    else:
        texts = func.json_each(bindparam(_TEXTS, type_=Text)).table_valued("value")
    others = (bindparam(name, type_=table.__table__.c[name].type) for name in same)
    rows = select(texts.c.value, *others).where(true())  # SQLite wants a WHERE before ON CONFLICT
    return _INSERT[dialect](table).from_select([column, *same], rows).on_conflict_do_nothing()


def batch(query: Select[Any], limit: int) -> Select[Any]:
    """Return up to `limit` rows of a query, for `in_`: locked, and without those that somebody else has locked.

    A subquery may be run once for each row that it is compared with, if PostgreSQL thinks so, and skips each time what
    has been changed already: all rows would be changed, whatever the limit. What locks in a WITH is run once. The WITH
    is inside, for of statements that begin with one sqlite3 does not tell how many rows they changed.
    """
    return select(query.limit(limit).with_for_update(skip_locked=True).cte("batch", nesting=True))


def advisory_lock(session: Session, key: int, *, shared: bool = False) -> None:
    """Let those who use a key go one after the other, from here to their commit; SQLite has one writer anyway.

    Those who share it go beside each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        session.execute(select(lock(key)))
