"""Statements that PostgreSQL's query planner may run in an unexpected way."""

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
    """A connection whose planner runs a subquery once for each row, as it does where it expects few rows."""
    with databases.engine("users").connect() as connection:
        NUMBERS.create(connection)
        connection.execute(insert(NUMBERS), [{"number": number} for number in range(ROWS)])
        for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.execute(text(f"SET LOCAL enable_{other} = off"))
        yield connection


def locking_subquery(query: Select[Any], limit: int) -> Select[Any]:
    return query.limit(limit).with_for_update(skip_locked=True)


@pytest.mark.parametrize(("subquery", "deleted"), [(batch, 2), (locking_subquery, ROWS)])
def test_batch_keeps_its_limit_where_a_locking_subquery_exceeds_it(
    nested_loops: Connection, subquery: Callable[[Select[Any], int], Select[Any]], deleted: int
) -> None:
    nested_loops.execute(delete(NUMBERS).where(NUMBERS.c.number.in_(subquery(select(NUMBERS.c.number), 2))))
    assert nested_loops.scalar(select(func.count()).select_from(NUMBERS)) == ROWS - deleted
