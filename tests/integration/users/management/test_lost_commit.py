"""A connection to PostgreSQL that is lost during a commit: its client can find out what happened."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, event, func, select

from chassis.db.engine import database_url
from chassis.db.tables import handled_requests
from chassis.errors import DeadlineExceeded
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc
from tests.integration.support.tcp_proxy import TcpProxy
from users.models import User

ADA = {"username": "ada", "email": "ada@example.org", "password": "a bench of stone"}
KEY = "register:once"


@pytest.fixture
def proxy(settings: Settings) -> Iterator[TcpProxy]:
    """A proxy between users and its database; request it before the service starts."""
    own = settings["users"]["database"]
    proxy = TcpProxy(database_url(own).render_as_string(hide_password=False))
    address = database_url({"url": proxy.uri})
    settings["users"]["database"] = own | {"host": address.host, "port": address.port}
    yield proxy
    proxy.close()


def stored(database: Engine, rows: Any) -> int:
    with database.connect() as connection:
        return connection.scalar(rows) or 0


def registrations(database: Engine) -> int:
    return stored(database, select(func.count()).select_from(handled_requests).where(handled_requests.c.key == KEY))


@pytest.mark.parametrize("committed", [True, False], ids=["after the commit", "before the commit"])
def test_connection_lost_during_commit_is_an_unknown_outcome_and_a_repetition_is_right(
    proxy: TcpProxy, users: Rpc, database: Engine, until: Until, *, committed: bool
) -> None:
    def lose_connection() -> None:
        if committed:
            until(lambda: registrations(database) == 1)
        proxy.drop()
        proxy.restore()

    def freeze(connection: Any) -> None:
        if connection.info.pop("registers", False):
            proxy.freeze(to_server=not committed)
            eventlet.spawn(lose_connection)

    def notice(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.info["registers"] = statement.startswith("UPDATE handled_requests")

    event.listen(Engine, "before_cursor_execute", notice)
    event.listen(Engine, "commit", freeze)
    try:
        with pytest.raises(DeadlineExceeded):
            users("users.register", request_key="once", **ADA)
    finally:
        event.remove(Engine, "before_cursor_execute", notice)
        event.remove(Engine, "commit", freeze)
    assert registrations(database) == committed
    account = users("users.register", request_key="once", **ADA)
    assert stored(database, select(User.id)) == account["id"]
    assert stored(database, select(func.count()).select_from(User)) == 1
