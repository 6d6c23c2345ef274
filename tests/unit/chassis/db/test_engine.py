import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.db import engine as module
from chassis.db.engine import create_engine, database_url, engine_options
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 50)]
)
def test_sqlite_connection_has_the_pragmas(engine: Engine, pragma: str, value: object) -> None:
    with engine.begin() as connection:
        assert connection.scalar(text(f"PRAGMA {pragma}")) == value


def test_write_takes_the_lock_at_its_begin_and_a_read_does_not(tmp_path: Path, db: UnitOfWork) -> None:
    with closing(sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None, timeout=0)) as other:
        with db.read() as session:
            session.execute(text("SELECT 1"))
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        with db.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_write_waits_for_the_lock_while_other_threads_run(tmp_path: Path, db: UnitOfWork) -> None:
    other = sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other.close).start()
    with db.write() as session:
        session.execute(text("SELECT 1"))


def test_sqlite_pool_has_one_connection_for_which_others_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", 0.05)
    engine = create_engine({"url": f"sqlite:///{tmp_path}/one.sqlite3"}, pool_size=10)
    with engine.connect(), pytest.raises(PoolTimeout):
        engine.connect()
    engine.dispose()


def test_locked_database_raises_unavailable(
    tmp_path: Path, db: UnitOfWork, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", 0.05)
    other = sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def write() -> None:
        with db.write():
            pass

    with pytest.raises(Unavailable) as error:
        write()
    other.close()
    assert isinstance(error.value.__cause__, OperationalError)
    assert "the database is unavailable: OperationalError" in caplog.text


def test_error_messages_contain_no_parameters(db: UnitOfWork) -> None:
    def clash() -> None:
        with db.write() as session:
            session.execute(text("CREATE TABLE t (id TEXT PRIMARY KEY)"))
            for _ in range(2):
                session.execute(text("INSERT INTO t VALUES (:id)"), {"id": "a secret"})

    with pytest.raises(IntegrityError) as error:
        clash()
    assert "a secret" not in str(error.value)


def test_database_is_configured_by_its_url_or_its_parts() -> None:
    assert database_url({"url": "sqlite:///a.sqlite3"}).database == "a.sqlite3"
    parts = {"drivername": "postgresql+psycopg2", "username": "u", "password": "p@:/", "host": "h", "database": "d"}
    url = database_url(parts).render_as_string(hide_password=False)
    assert url == "postgresql+psycopg2://u:p%40%3A%2F@h/d"  # pragma: allowlist secret


def test_postgresql_connections_get_the_configured_timeouts() -> None:
    timeouts = {"connect": 3, "lock": 5, "statement": 30, "idle_in_transaction": 4, "tcp": 10}
    options = engine_options(database_url({"url": "postgresql+psycopg2://h/d"}), 10, timeouts)
    assert (options["pool_size"], options["max_overflow"], options["hide_parameters"]) == (10, 0, True)
    connect = options["connect_args"]
    for setting in ("lock_timeout=5s", "statement_timeout=30s", "idle_in_transaction_session_timeout=4s"):
        assert setting in connect["options"]
    assert (connect["connect_timeout"], connect["tcp_user_timeout"]) == (3, 10_000)


@pytest.mark.parametrize("seconds", [1, 2, 3, 10, 60])
def test_a_vanished_peer_is_noticed_about_as_fast_as_the_setting_says(seconds: int) -> None:
    timeouts = {"connect": 3, "lock": 5, "statement": 30, "idle_in_transaction": 4, "tcp": seconds}
    connect = engine_options(database_url({"url": "postgresql+psycopg2://h/d"}), 1, timeouts)["connect_args"]
    silent = connect["keepalives_idle"] + connect["keepalives_interval"] * connect["keepalives_count"]
    assert seconds <= silent <= max(seconds, 4)
    assert f"tcp_keepalives_idle={connect['keepalives_idle']}" in connect["options"]
