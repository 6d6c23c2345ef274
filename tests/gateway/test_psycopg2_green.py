"""psycopg2 in the web process, with a PostgreSQL that does not reply."""

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent.socket import wait_read, wait_write
from psycopg2 import extensions
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from chassis.db.engine import create_engine, database_url
from chassis.db.psycopg2_green import make_psycopg_green
from tests.gateway.conftest import LIMIT
from tests.integration.support.tcp_proxy import TcpProxy

WAIT = 1  # seconds for a reply


@pytest.fixture
def postgresql_proxy(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    url = database_url(settings["gateway"]["database"])
    proxy = TcpProxy(url.render_as_string(hide_password=False))
    yield proxy
    proxy.close()


@pytest.fixture
def engine(postgresql_proxy: TcpProxy) -> Iterator[Engine]:
    make_psycopg_green(wait_read, wait_write, WAIT)
    engine = create_engine({"url": postgresql_proxy.uri})
    yield engine
    engine.dispose()
    extensions.set_wait_callback(None)


def select_1(engine: Engine) -> int:
    with engine.begin() as connection:
        value: int = connection.scalar(text("SELECT 1")) or 0
        return value


def test_query_times_out_if_the_server_stops_replying(postgresql_proxy: TcpProxy, engine: Engine) -> None:
    assert select_1(engine) == 1
    postgresql_proxy.freeze()
    with gevent.Timeout(LIMIT), pytest.raises(OperationalError):
        select_1(engine)
    postgresql_proxy.thaw()
    assert select_1(engine) == 1


def test_connecting_times_out_if_the_server_does_not_reply(postgresql_proxy: TcpProxy, engine: Engine) -> None:
    postgresql_proxy.freeze()
    with gevent.Timeout(LIMIT), pytest.raises(OperationalError):
        select_1(engine)
