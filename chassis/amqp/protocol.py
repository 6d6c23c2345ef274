"""The AMQP names that Nameko gives to things, and the one way we write a frame."""

import json
from typing import Any

from amqp import Message, spec
from amqp.exceptions import AMQPError, MessageNacked
from kombu import Exchange
from kombu.exceptions import OperationalError

RPC_EXCHANGE = "nameko-rpc"
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
TRANSIENT, PERSISTENT = 1, 2
# What a broker makes clients raise that is away, dying, or does not take a message.
BROKER_ERRORS = (OSError, AMQPError, OperationalError, MessageNacked)


def event_exchange(source: str) -> Exchange:
    """Return the exchange of a service's events, as Nameko declares it."""
    return Exchange(f"{source}.events", type="topic", durable=True, auto_delete=False)


def event_queue_name(source: str, event: str, service: str, method: str) -> str:
    """Return the name of a handler's queue, as Nameko makes it."""
    return f"evt-{source}-{event}--{service}.{method}"


def dumps(payload: Any) -> bytes:
    """Encode a body; half a surrogate pair, which a stranger's header may hold, becomes a question mark."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def send(
    channel: Any, body: bytes | str, exchange: str, routing_key: str, *, mandatory: bool = False, **properties: Any
) -> None:
    """Write basic.publish to a channel that another greenlet reads from.

    amqp's own `basic_publish` first reads from the socket to look for connection.blocked, and two greenlets must not
    read one socket. Writing is safe: amqp's frame writer holds a lock for a whole message.
    """
    message = Message(body, **(JSON | properties))
    channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, routing_key, mandatory, False), message)
