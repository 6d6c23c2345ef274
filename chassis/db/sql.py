"""SQL that differs between PostgreSQL and SQLite."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    inspect,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

# The insert of each dialect, which has `on_conflict_do_nothing` and `on_conflict_do_update`.
INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_KEYS, _VALUES = "keys_of_rows", "values_of_rows"  # names of bind parameters


def upsert(session: Session, table: Table | type[DeclarativeBase]) -> Any:
    """Return the dialect's insert, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return INSERT[session.get_bind().dialect.name](table)


def insert_new(session: Session, table: Table | type[DeclarativeBase], row: dict[str, Any]) -> bool:
    """Insert a row unless it violates a unique key; return whether it was inserted."""
    # The row is a parameter: in `.values()` it would be part of the statement, which costs four times as much.
    result: Any = session.connection().execute(_insert_new(session.get_bind().dialect.name, table), row)
    return bool(result.rowcount)


def insert_groups(
    session: Session,
    table: type[DeclarativeBase],
    columns: tuple[str, str],
    groups: Mapping[str, Sequence[str]],
    same: dict[str, Any],
) -> None:
    """Insert a row for each text of each group: the group's key and the text are its values in `columns`.

    `same` has the values that all rows share. Rows that violate a unique key are skipped. All texts are one parameter:
    compared with `executemany`, 10,000 rows cost a third of the CPU on SQLite, and a sixth on PostgreSQL.
    """
    dialect = session.get_bind().dialect.name
    parameters: dict[str, Any] = {_VALUES: json.dumps(groups)}
    if dialect == "postgresql":
        keys = [key for key, texts in groups.items() for _ in texts]
        parameters = {_KEYS: keys, _VALUES: list(chain.from_iterable(groups.values()))}
    session.connection().execute(_insert_groups(dialect, table, columns, tuple(same)), parameters | same)


def add_each(
    session: Session, table: type[DeclarativeBase], column: str, counter: str, amounts: Mapping[str, int]
) -> dict[str, int]:
    """Add an amount to the counter in the row of each text, or insert it with the amount; return the new values.

    All in one statement, as in `insert_groups`. The rows are locked until the commit; the caller prevents deadlocks.
    """
    dialect = session.get_bind().dialect.name
    parameters: dict[str, Any] = {_VALUES: json.dumps(amounts)}
    if dialect == "postgresql":
        parameters = {_KEYS: list(amounts), _VALUES: list(amounts.values())}
    rows = session.connection().execute(_add_each(dialect, table, column, counter), parameters).all()
    return {row[0]: row[1] for row in rows}


@lru_cache
def _insert_new(dialect: str, table: Table | type[DeclarativeBase]) -> Any:
    return INSERT[dialect](table).on_conflict_do_nothing()


@lru_cache
def _insert_groups(dialect: str, table: type[DeclarativeBase], columns: tuple[str, str], same: tuple[str, ...]) -> Any:
    """Build the statement; cached, because building it costs more than running it for a few rows."""
    if dialect == "postgresql":
        groups = _unnested(_KEYS, _VALUES)
        rows = select(groups.c.key, groups.c.value)
    else:
        keys = func.json_each(bindparam(_VALUES, type_=Text)).table_valued("key", "value", name="keys")
        values = func.json_each(keys.c.value).table_valued("value", name="texts")
        rows = select(keys.c.key, values.c.value).select_from(keys.join(values, true()))
    shared = (bindparam(name, type_=table.__table__.c[name].type) for name in same)
    rows = rows.add_columns(*shared).where(true())  # SQLite requires a WHERE before ON CONFLICT
    return INSERT[dialect](table).from_select([*columns, *same], rows).on_conflict_do_nothing()


@lru_cache
def _add_each(dialect: str, table: type[DeclarativeBase], column: str, counter: str) -> Any:
    if dialect == "postgresql":
        amounts = _unnested(_KEYS, _VALUES, Integer)
        rows = select(amounts.c.key, amounts.c.value)
    else:
        amounts = func.json_each(bindparam(_VALUES, type_=Text)).table_valued("key", "value")
        rows = select(amounts.c.key, amounts.c.value)
    columns = table.__table__.c
    statement = INSERT[dialect](table).from_select([column, counter], rows.where(true()))
    added = columns[counter] + statement.excluded[counter]
    statement = statement.on_conflict_do_update(index_elements=[column], set_={counter: added})
    return statement.returning(columns[column], columns[counter])


def _unnested(keys: str, values: str, type_: Any = Text) -> Any:
    """Return two array parameters of the same length as a table with the columns `key` and `value` (PostgreSQL)."""
    arrays = (bindparam(keys, type_=postgresql.ARRAY(Text)), bindparam(values, type_=postgresql.ARRAY(type_)))
    return func.unnest(*arrays).table_valued("key", "value", name="rows").render_derived()


def batch(query: Select[Any], limit: int) -> Select[Any]:
    """Return a subquery for `in_`: up to `limit` rows of a query, locked, without rows that are locked already.

    The locking query is in a WITH, which runs once. PostgreSQL may run a plain subquery once for each row of the outer
    statement; it would then skip the rows changed so far and exceed the limit. The WITH is inside the subquery, because
    sqlite3 does not count the rows that a statement changed if the statement begins with WITH.
    """
    return select(query.limit(limit).with_for_update(skip_locked=True).cte("batch", nesting=True))


def delete_batch(
    session: Session, table: Any, limit: int, *conditions: ColumnElement[bool], order_by: Any = None
) -> int:
    """Delete up to `limit` rows that meet the conditions, without rows that are locked already; return how many.

    So several processes may delete old rows at the same time.
    """
    key = inspect(table).primary_key
    rows = batch(select(*key).where(*conditions).order_by(order_by), limit)
    change = delete(table).where(tuple_(*key).in_(rows))
    result: Any = session.execute(change, execution_options={"synchronize_session": False})
    return int(result.rowcount)


def advisory_lock(session: Session, key: int, *, shared: bool = False) -> None:
    """Wait for PostgreSQL's advisory lock of a key and hold it until the commit; SQLite has only one writer anyway.

    Transactions that take it `shared` exclude only those that do not.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        session.execute(select(lock(key)))
