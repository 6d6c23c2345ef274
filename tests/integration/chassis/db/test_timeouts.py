"""Settings of PostgreSQL's connections. A process that stops inside a transaction holds its locks for seconds only."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
from eventlet.event import Event as Signal
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.db.engine import create_engine
from chassis.db.sql import advisory_lock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import DeadlineExceeded, Unavailable
from tests.integration.conftest import Until
from tests.integration.support.databases import Databases, unit_of_work

Stop = Callable[[Session], object]

KEY = 4_207_849_499  # of an advisory lock that only these tests use


@pytest.fixture
def timeouts(settings: dict[str, Any]) -> dict[str, int]:
    return dict(settings["postgresql"]) | {"lock": 2, "idle_in_transaction": 1}


@pytest.fixture
def engine(settings: dict[str, Any], databases: Databases, timeouts: dict[str, int]) -> Iterator[Engine]:
    databases.engine("users")
    engine = create_engine(settings["users"]["database"], timeouts=timeouts)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> UnitOfWork:
    return unit_of_work(engine)


def lock(session: Session) -> None:
    advisory_lock(session, KEY)


@pytest.fixture
def stop(databases: Databases, until: Until) -> Stop:
    """Do nothing in a transaction, as a stopped process does, until the server has ended it."""
    own = text("SELECT pg_backend_pid()")
    count = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :process")

    def stop(session: Session) -> None:
        process = {"process": session.scalar(own)}
        with databases.engine("users").execution_options(isolation_level="AUTOCOMMIT").connect() as other:
            until(lambda: not other.scalar(count, process))

    return stop


def stop_inside_a_transaction(db: UnitOfWork, stop: Stop) -> None:
    """Hold the lock, stop, then continue."""
    with db.write() as session:
        lock(session)
        stop(session)
        session.execute(text("SELECT 1"))


def test_lock_of_an_idle_transaction_is_released_for_others(db: UnitOfWork, stop: Stop) -> None:
    locked = Signal()
    stopped = eventlet.spawn(stop_inside_a_transaction, db, lambda session: (locked.send(), stop(session)))
    locked.wait()
    started = time.monotonic()
    with db.write() as session:
        lock(session)
    assert time.monotonic() - started < 4.5
    with pytest.raises(Unavailable):
        stopped.wait()


def test_transaction_that_the_server_ended_fails_cleanly_and_can_be_repeated(db: UnitOfWork, stop: Stop) -> None:
    with pytest.raises(Unavailable):
        stop_inside_a_transaction(db, stop)
    stop_inside_a_transaction(db, lambda _: None)


def test_transaction_that_stopped_before_its_commit_is_not_committed(db: UnitOfWork, stop: Stop) -> None:
    def stop_before_the_commit() -> None:
        with db.write() as session:
            session.execute(text("CREATE TABLE stopped (id int)"))
            stop(session)

    with pytest.raises(DeadlineExceeded):  # psycopg2 does not tell this from a connection that is lost during a commit
        stop_before_the_commit()
    with db.read() as session:
        assert session.scalar(text("SELECT to_regclass('stopped')")) is None


def test_lock_that_is_held_too_long_raises_unavailable(db: UnitOfWork, until: Until) -> None:
    def wait_for_the_lock() -> None:
        with db.write() as session:
            lock(session)

    with db.write() as session:
        lock(session)
        waiting = eventlet.spawn(wait_for_the_lock)
        # Again and again a statement, so that this transaction is not idle.
        until(lambda: session.scalar(text("SELECT 1")) and waiting.dead)
    with pytest.raises(Unavailable):
        waiting.wait()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lock_timeout", "5s"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "4s"),
        ("tcp_keepalives_idle", "4"),
        ("tcp_keepalives_interval", "2"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "10000"),
        ("random_page_cost", "1.1"),
    ],
)
def test_connections_have_these_settings(settings: dict[str, Any], setting: str, value: str) -> None:
    engine = create_engine(settings["users"]["database"], timeouts=settings["postgresql"])
    with engine.connect() as connection:
        assert connection.scalar(text(f"SHOW {setting}")) == value
    engine.dispose()
