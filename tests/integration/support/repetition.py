"""A request that RabbitMQ delivers a second time, because its service died after the commit and before the reply."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Message as AmqpMessage
from sqlalchemy import Engine, inspect, text

from chassis.amqp import message_headers
from chassis.auth.caller import Caller
from chassis.db.tables import METADATA
from chassis.ids import new_id
from chassis.rpc.entrypoint import RpcConsumer
from chassis.rpc.messages import encode_reply
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
    """Fail unless the second delivery of a request replies the same as the first one, and changes nothing."""
    (caller, fields), key = call, f"{message_headers.GENERATED}{new_id()}"
    before = state(database)
    with delivered_twice(key, lambda: state(database)) as first:
        reply = rpc(method, caller, request_key=key, **fields)
    (first_reply, after), *_ = first
    assert after != before, "the first delivery changed nothing, so the second one shows nothing"
    assert first_reply == reply
    assert state(database) == after


@contextmanager
def delivered_twice(key: str, observe: Callable[[], Any]) -> Iterator[list[tuple[Any, Any]]]:
    """Return a request to RabbitMQ instead of sending its first reply; record this reply, and what was observed."""
    send_reply, first = RpcConsumer.reply, list[tuple[Any, Any]]()

    def reply(self: RpcConsumer, message: AmqpMessage, result: Any, exc_info: Any, *, replayed: bool = False) -> None:
        if first or message.headers.get(message_headers.PREFIX + message_headers.REQUEST_KEY) != key:
            send_reply(self, message, result, exc_info, replayed=replayed)
        else:
            first.append((json.loads(encode_reply(result, exc_info and exc_info[1]))["result"], observe()))
            self.requeue_message(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RpcConsumer, "reply", reply)
        yield first
