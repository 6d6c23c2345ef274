"""The names that Nameko gives to exchanges and queues, and how the chassis encodes and publishes a message."""

import json
from typing import Any

from amqp import Message, spec
from amqp.exceptions import AMQPError, MessageNacked
from kombu import Exchange
from kombu.exceptions import OperationalError

RPC_EXCHANGE = "nameko-rpc"
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
TRANSIENT, PERSISTENT = 1, 2
# What clients raise when the broker is unavailable, closes the connection, or rejects a message.
BROKER_ERRORS = (OSError, AMQPError, OperationalError, MessageNacked)


def rpc_exchange() -> Exchange:
    """Return the exchange of calls and replies, as Nameko declares it."""
    return Exchange(RPC_EXCHANGE, type="topic", durable=True, auto_delete=False)


def event_exchange(source: str) -> Exchange:
    """Return the exchange of a service's events, as Nameko declares it."""
    return Exchange(f"{source}.events", type="topic", durable=True, auto_delete=False)


def event_queue_name(source: str, event: str, service: str, method: str) -> str:
    """Return the name of a handler's queue, as Nameko builds it."""
    return f"evt-{source}-{event}--{service}.{method}"


def dumps(payload: Any) -> bytes:
    """Encode a body as JSON in UTF-8; lone surrogates, which a header may contain, become question marks."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def send(
    channel: Any, body: bytes | str, exchange: str, routing_key: str, *, mandatory: bool = False, **properties: Any
) -> None:
    """Publish on a channel whose connection another greenlet reads.

    amqp's `basic_publish` first reads from the socket, to see connection.blocked, but two greenlets must not read one
    socket. Writing is safe: amqp's frame writer holds a lock while it writes a message.
    """
    message = Message(body, **(JSON | properties))
    channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, routing_key, mandatory, False), message)
