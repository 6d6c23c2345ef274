"""psycopg2 under eventlet, with a PostgreSQL that does not reply."""

import time
from collections.abc import Iterator
from functools import partial

import eventlet
import pytest
from eventlet.hubs import trampoline
from eventlet.support import psycopg2_patcher
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from chassis.db.engine import create_engine, database_url
from chassis.db.psycopg2_green import make_psycopg_green
from tests.integration.conftest import Settings
from tests.integration.support.tcp_proxy import TcpProxy


@pytest.fixture
def postgresql_proxy(settings: Settings) -> Iterator[TcpProxy]:
    url = database_url(settings["users"]["database"])
    proxy = TcpProxy(url.render_as_string(hide_password=False))
    yield proxy
    proxy.close()


@pytest.fixture
def engine(postgresql_proxy: TcpProxy) -> Iterator[Engine]:
    make_psycopg_green(partial(trampoline, read=True), partial(trampoline, write=True), 0.5)
    engine = create_engine({"url": postgresql_proxy.uri})
    yield engine
    engine.dispose()
    psycopg2_patcher.make_psycopg_green()


def select_1(engine: Engine) -> int:
    with engine.begin() as connection:
        value: int = connection.scalar(text("SELECT 1")) or 0
        return value


def test_query_times_out_if_the_server_stops_replying(postgresql_proxy: TcpProxy, engine: Engine) -> None:
    assert select_1(engine) == 1
    postgresql_proxy.freeze()
    started = time.monotonic()
    with pytest.raises(OperationalError):
        select_1(engine)
    assert time.monotonic() - started < 3
    postgresql_proxy.thaw()
    assert select_1(engine) == 1


def test_connecting_times_out_if_the_server_does_not_reply(postgresql_proxy: TcpProxy, engine: Engine) -> None:
    postgresql_proxy.freeze()
    started = time.monotonic()
    with pytest.raises(OperationalError):
        select_1(engine)
    assert time.monotonic() - started < 2


def test_greenlets_wait_for_postgresql_concurrently(engine: Engine) -> None:
    def wait() -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_sleep(0.3)"))

    started = time.monotonic()
    for waiting in [eventlet.spawn(wait) for _ in range(5)]:
        waiting.wait()
    assert time.monotonic() - started < 1
