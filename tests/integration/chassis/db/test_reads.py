"""Reads from PostgreSQL in autocommit: their round trips, and connections that are lost."""

from collections.abc import Iterator
from typing import Any

import nameko_sqlalchemy
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from chassis.db.engine import create_engine
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable
from tests.integration.support.databases import Databases

LAST_STATEMENT = text("SELECT query FROM pg_stat_activity WHERE pid = :process")


@pytest.fixture
def engine(settings: dict[str, Any], databases: Databases) -> Iterator[Engine]:
    databases.engine("users")
    engine = create_engine(settings["users"]["database"], timeouts=settings["postgresql"])
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> UnitOfWork:
    factory = sessionmaker(engine, class_=nameko_sqlalchemy.database.Session)
    return UnitOfWork(factory, reads=engine.execution_options(isolation_level="AUTOCOMMIT"))


def process_of(session: Session) -> int:
    process: int = session.scalars(text("SELECT pg_backend_pid()")).one()
    return process


def process_of_snapshot(session: Session) -> int:
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return process_of(session)


def end(process: int, db: UnitOfWork) -> None:
    with db.write() as session:
        session.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})


def test_read_is_the_last_statement_of_its_connection(db: UnitOfWork, engine: Engine) -> None:
    with engine.connect() as other:
        for _ in range(2):  # the second read has a connection that was reset
            with db.read() as session:
                process = process_of(session)
        assert other.scalars(LAST_STATEMENT, {"process": process}).one() == "SELECT pg_backend_pid()"


def test_connection_has_the_default_isolation_after_a_snapshot(db: UnitOfWork) -> None:
    with db.read() as session:
        process = process_of_snapshot(session)
    with db.write() as session:
        assert process_of(session) == process
        assert session.scalars(text("SHOW transaction_isolation")).one() == "read committed"


def test_pool_keeps_its_size_when_connections_end_during_reads(db: UnitOfWork) -> None:
    for _ in range(8):  # more than the pool has
        with db.read() as session:
            end(process_of(session), db)
        with pytest.raises(Unavailable), db.read() as session:
            process_of(session)
    with db.read() as session:
        process_of(session)


def test_connection_that_is_lost_before_a_snapshot_is_an_unavailable_database(db: UnitOfWork) -> None:
    for _ in range(8):  # more than the pool has
        with db.read() as session:
            end(process_of(session), db)
        with pytest.raises(Unavailable), db.read() as session:
            process_of_snapshot(session)
