"""SQLAlchemy 2.1 with nameko-sqlalchemy, and SQLite under eventlet."""

import importlib
import sqlite3
import time
from pathlib import Path

import eventlet
import pytest
import sqlalchemy
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Without tables."""


def test_plain_postgresql_url_means_psycopg_3() -> None:
    url = sqlalchemy.make_url("postgresql://h/d")
    assert url.get_dialect().driver == "psycopg"
    assert sqlalchemy.make_url("postgresql+psycopg2://h/d").get_dialect().driver == "psycopg2"


@pytest.mark.filterwarnings("ignore")
def test_fixtures_of_nameko_sqlalchemy_fail_at_their_end() -> None:
    fixtures = importlib.import_module("nameko_sqlalchemy.pytest_fixtures")
    fixture = fixtures.db_connection._get_wrapped_function()("sqlite://", Base, {})  # noqa: SLF001 - no other way
    connection = next(fixture)
    with connection, pytest.raises(TypeError, match="bind"):
        next(fixture)


def test_waiting_for_sqlites_lock_blocks_all_greenlets(tmp_path: Path) -> None:
    holder, waiting = (sqlite3.connect(tmp_path / "db", isolation_level=None, timeout=0.2) for _ in range(2))
    holder.execute("BEGIN IMMEDIATE")
    runs: list[float] = []
    eventlet.spawn_after(0.01, lambda: runs.append(time.monotonic()))
    started = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        waiting.execute("BEGIN IMMEDIATE")
    eventlet.sleep(0)
    assert runs[0] - started > 0.15
    holder.close()
    waiting.close()
