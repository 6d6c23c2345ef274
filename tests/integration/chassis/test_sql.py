"""What PostgreSQL makes of our statements, whatever it thinks of the tables' sizes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Select, Table, delete, func, insert, select, text

from chassis.db.sql import batch
from tests.integration.support.databases import Databases

NUMBERS = Table("numbers", MetaData(), Column("number", Integer), prefixes=["TEMPORARY"])
ROWS = 20


@pytest.fixture
def nested_loops(databases: Databases) -> Iterator[Connection]:
    """A connection on which a subquery is run again for each row, as PostgreSQL does where it expects few rows."""
    with databases.engine("users").connect() as connection:
        NUMBERS.create(connection)
        connection.execute(insert(NUMBERS), [{"number": number} for number in range(ROWS)])
        for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.execute(text(f"SET LOCAL enable_{other} = off"))
        yield connection


def a_subquery(query: Select[Any], limit: int) -> Select[Any]:
    return query.limit(limit).with_for_update(skip_locked=True)


@pytest.mark.parametrize(("form", "removed"), [(batch, 2), (a_subquery, ROWS)])
def test_a_batch_has_no_more_rows_than_its_limit_and_a_subquery_with_locks_may_have(
    nested_loops: Connection, form: Callable[[Select[Any], int], Select[Any]], removed: int
) -> None:
    nested_loops.execute(delete(NUMBERS).where(NUMBERS.c.number.in_(form(select(NUMBERS.c.number), 2))))
    assert nested_loops.scalar(select(func.count()).select_from(NUMBERS)) == ROWS - removed
