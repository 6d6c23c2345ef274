"""Reads what a service stores about a user, for the export: sections of records, page by page.

A service lists its sections, and in LEFT_OUT what is not exported and why. A test fails if a column is in neither
(tests/unit/export/test_completeness.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, TextClause, and_, inspect, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.contract import Message, cursor
from chassis.contract.export import ExportUser
from chassis.errors import Invalid

# The chassis' own tables, and why they are not exported.
LEFT_OUT = {
    "outbox": "copies of events until they are published, for seconds",
    "event_log": "copies of published events for 24 hours, of what is exported from its own table",
    "handled_requests": "copies of replies for 24 hours, of what is exported from its own table",
    "event_cursors": "no data of users",
    "awaited_events": "no data of users: ids of events",
}

_KEY = "key_{}"  # labels of key columns


@dataclass(frozen=True)
class Section:
    """A list of records in an export: the rows whose `owner` is the user, in the order of `key`.

    `columns` are the record's fields and their columns; `derived` are fields that are computed from the row. The key is
    unique among the rows of a user, and starts with a column of an index.
    """

    name: str
    record: type[Message]
    columns: Mapping[str, InstrumentedAttribute[Any] | ColumnElement[Any]]
    owner: InstrumentedAttribute[Any] | ColumnElement[Any]
    key: Sequence[InstrumentedAttribute[Any]]
    source: FromClause | None = None
    condition: TextClause | None = None
    derived: Mapping[str, Callable[[RowMapping], Any]] = field(default_factory=dict)

    def rows(self, session: Session, user_id: str, after: str, limit: int) -> Sequence[RowMapping]:
        """Return up to `limit` rows of a user after a key of `key_of`; an empty one: the first rows."""
        labels = [column.label(name) for name, column in self.columns.items()]
        keys = [column.label(_KEY.format(number)) for number, column in enumerate(self.key)]
        query = select(*labels, *keys).where(self.owner == user_id).order_by(*self.key).limit(limit)
        if self.source is not None:
            query = query.select_from(self.source)
        if self.condition is not None:
            query = query.where(self.condition)
        if after:
            query = query.where(self._is_after(after))
        return session.execute(query).mappings().all()

    def key_of(self, row: RowMapping) -> str:
        """Return the key of a row as text."""
        return ".".join(str(row[_KEY.format(number)]) for number in range(len(self.key)))

    def build(self, row: RowMapping) -> Message:
        """Return the record of a row."""
        fields = {name: row[name] for name in self.columns}
        return self.record(**fields, **{name: derive(row) for name, derive in self.derived.items()})

    def exported_columns(self, *, owner: bool = True) -> set[str]:
        """Return the columns whose values are in the records, as `table.column`; also that of the owner."""
        candidates = [*self.columns.values(), *([self.owner] if owner else [])]
        attributes = [one for one in candidates if isinstance(one, InstrumentedAttribute)]
        return {
            f"{one.class_.__tablename__}.{inspect(one.class_).attrs[one.key].columns[0].name}" for one in attributes
        }

    def _is_after(self, text: str) -> ColumnElement[bool]:
        parts = text.split(".", len(self.key) - 1)
        try:
            values = [column.type.python_type(part) for column, part in zip(self.key, parts, strict=True)]
        except ValueError:
            raise _unknown_cursor() from None
        # The first comparison is for an index: a comparison of rows may span tables.
        return and_(self.key[0] >= values[0], tuple_(*self.key) > tuple_(*values))


def page(session: Session, sections: Sequence[Section], request: ExportUser) -> dict[str, Any]:
    """Return the fields of a reply: the next records of a user by section, and `next`."""
    position = cursor.decode(request.cursor) or f"{sections[0].name}:"
    start, _, after = position.partition(":")
    names = [section.name for section in sections]
    if start not in names:
        raise _unknown_cursor()
    fields: dict[str, Any] = {"next": None}
    left = request.limit
    for section in sections[names.index(start) :]:
        if left == 0:
            return fields | {"next": cursor.encode(f"{section.name}:")}
        rows = section.rows(session, request.user_id, after, left + 1)
        fields[section.name] = [section.build(row) for row in rows[:left]]
        if len(rows) > left:
            return fields | {"next": cursor.encode(f"{section.name}:{section.key_of(rows[left - 1])}")}
        left, after = left - len(rows), ""
    return fields


def _unknown_cursor() -> Invalid:
    return Invalid.field("cursor", "is not a cursor that this method gave")
