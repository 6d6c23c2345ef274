"""Reads the export of a service by RPC, and the rows of the same user from its database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, Table, select

from chassis.contract import Timestamp
from chassis.db.engine import WRITE
from chassis.db.export import Section
from tests.integration.support.rpc import Rpc

Data = dict[str, list[dict[str, Any]]]

_TIME = TypeAdapter(Timestamp)


def read_all(rpc: Rpc, service: str, user_id: str, limit: int = 200) -> Data:
    """Return the records by section, from pages of `limit` records."""
    found: Data = defaultdict(list)
    cursor = None
    while True:
        page = rpc(f"{service}.export", user_id=user_id, cursor=cursor, limit=limit)
        cursor = page.pop("next")
        assert sum(map(len, page.values())) <= limit
        for section, records in page.items():
            found[section] += records
        if cursor is None:
            return found


def rows(engine: Engine, table: Any, **values: object) -> list[dict[str, Any]]:
    """Return rows in the order of the primary key, as the JSON of an export has them."""
    columns: Table = table.__table__
    query = select(columns).filter_by(**values).order_by(*columns.primary_key)
    with engine.connect().execution_options(**{WRITE: False}) as connection:
        found = connection.execute(query).mappings().all()
    return [{column.name: _json(row[column.key]) for column in columns.columns} for row in found]


def columns_of(section: Section, table: Any) -> dict[str, str]:
    """Return the fields of a section's records that are columns of a table."""
    names = {attribute.key: column.name for attribute, column in _attributes(table)}
    return {
        field: names[column.key]
        for field, column in section.columns.items()
        if getattr(column, "class_", None) is table
    }


def check_rows(section: Section, records: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]]) -> None:
    """Compare records with rows of the table that has the section's owner: row by row, column by column."""
    table = getattr(section.owner, "class_", None) or section.key[0].class_
    columns = columns_of(section, table)
    assert columns
    assert expected, section.name
    found = [{columns[name]: value for name, value in record.items() if name in columns} for record in records]
    wanted = [{column: row[column] for column in columns.values()} for row in expected]
    assert found == wanted


def _attributes(table: Any) -> list[tuple[Any, Any]]:
    mapper = table.__mapper__
    return [(attribute, attribute.columns[0]) for attribute in mapper.column_attrs]


def _json(value: object) -> object:
    return _TIME.dump_python(value, mode="json") if isinstance(value, datetime) else value
