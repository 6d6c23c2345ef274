"""PostgreSQL that says nothing."""

import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet.support import psycopg2_patcher
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from chassis.db import psycopg2_eventlet
from chassis.db.engine import create_engine, database_url
from tests.integration.support.tcp_proxy import TcpProxy


@pytest.fixture
def wire_to_postgresql(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    url = database_url(settings["users"]["database"])
    wire = TcpProxy(url.render_as_string(hide_password=False))
    yield wire
    wire.close()


@pytest.fixture
def engine(wire_to_postgresql: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(psycopg2_eventlet, "SILENCE", 0.5)
    psycopg2_eventlet.make_psycopg_green()
    engine = create_engine({"url": wire_to_postgresql.uri})
    yield engine
    engine.dispose()
    psycopg2_patcher.make_psycopg_green()


def ask(engine: Engine) -> int:
    with engine.begin() as connection:
        found: int = connection.scalar(text("SELECT 1")) or 0
        return found


def test_a_server_that_falls_silent_is_given_up_and_found_again(wire_to_postgresql: TcpProxy, engine: Engine) -> None:
    assert ask(engine) == 1
    wire_to_postgresql.freeze()
    started = time.monotonic()
    with pytest.raises(OperationalError):
        ask(engine)
    assert time.monotonic() - started < 3
    wire_to_postgresql.thaw()
    assert ask(engine) == 1


def test_a_server_that_accepts_and_says_nothing_is_given_up(wire_to_postgresql: TcpProxy, engine: Engine) -> None:
    wire_to_postgresql.freeze()
    started = time.monotonic()
    with pytest.raises(OperationalError):
        ask(engine)
    assert time.monotonic() - started < 2


def test_others_run_while_one_waits(engine: Engine) -> None:
    def wait() -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_sleep(0.3)"))

    started = time.monotonic()
    for waiting in [eventlet.spawn(wait) for _ in range(5)]:
        waiting.wait()
    assert time.monotonic() - started < 1
