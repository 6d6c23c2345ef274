"""A request that RabbitMQ delivers a second time, because its service died after the commit and before the reply."""

from typing import Any

from sqlalchemy import Engine, inspect, text

from chassis.auth.caller import Caller
from chassis.db.tables import METADATA
from chassis.ids import new_id
from tests.integration.support.rpc import Rpc

Call = tuple[Caller, dict[str, Any]]  # the caller, and the fields of the request


def state(database: Engine) -> dict[str, list[str]]:
    """Return the rows of all tables but the chassis' own, of which some change by themselves."""
    with database.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - METADATA.tables.keys()
        return {
            table: sorted(str(row) for row in connection.execute(text(f"SELECT * FROM {table}")))  # noqa: S608
            for table in tables
        }


def require_same_reply_and_state(rpc: Rpc, database: Engine, method: str, call: Call) -> None:
    """Call a method twice with the same request key; fail unless the second call replies the same and does nothing."""
    (caller, fields), key = call, f"once:{new_id()}"
    before = state(database)
    first = rpc(method, caller, request_key=key, **fields)
    after = state(database)
    assert after != before, "the first call changed nothing, so the second one shows nothing"
    assert rpc(method, caller, request_key=key, **fields) == first
    assert state(database) == after
