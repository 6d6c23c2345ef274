"""SQLAlchemy 2.1, with nameko-sqlalchemy beside it."""

import importlib
import sqlite3
import time
from pathlib import Path

import eventlet
import pytest
import sqlalchemy
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Of no tables."""


def test_plain_postgresql_urls_mean_psycopg_3() -> None:
    url = sqlalchemy.make_url("postgresql://h/d")
    assert url.get_dialect().driver == "psycopg"
    assert sqlalchemy.make_url("postgresql+psycopg2://h/d").get_dialect().driver == "psycopg2"


@pytest.mark.filterwarnings("ignore")
def test_the_fixtures_of_nameko_sqlalchemy_fail_at_the_end() -> None:
    fixtures = importlib.import_module("nameko_sqlalchemy.pytest_fixtures")
    life = fixtures.db_connection._get_wrapped_function()("sqlite://", Base, {})  # noqa: SLF001 - no other way
    connection = next(life)
    with connection, pytest.raises(TypeError, match="bind"):
        next(life)


def test_who_waits_for_sqlites_lock_stops_everybody(tmp_path: Path) -> None:
    holder, waiting = (sqlite3.connect(tmp_path / "db", isolation_level=None, timeout=0.2) for _ in range(2))
    holder.execute("BEGIN IMMEDIATE")
    beats: list[float] = []
    eventlet.spawn_after(0.01, lambda: beats.append(time.monotonic()))
    started = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        waiting.execute("BEGIN IMMEDIATE")
    eventlet.sleep(0)
    assert beats[0] - started > 0.15
    holder.close()
    waiting.close()
