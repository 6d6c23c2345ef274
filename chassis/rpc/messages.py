"""Nameko's RPC messages: publishes requests, encodes replies, decodes replies.

It does not import eventlet, so the gateway's client and the health check use it too.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from nameko.exceptions import BadRequest, deserialize, serialize

from chassis.amqp import message_headers, protocol
from chassis.contract import Message
from chassis.errors import ServiceError

_log = logging.getLogger(__name__)


def declare_reply_queue(channel: Any, queue: str, reply_to: str, on_reply: Callable[[Any], object]) -> None:
    """Consume replies to the routing key `reply_to` from an exclusive queue, which ends with the connection.

    With "" as its name the broker chooses one.
    """
    protocol.rpc_exchange()(channel).declare()
    queue = channel.queue_declare(queue, exclusive=True).queue
    channel.queue_bind(queue, protocol.RPC_EXCHANGE, reply_to)
    channel.basic_consume(queue, no_ack=True, callback=on_reply)


def send_request(  # noqa: PLR0913 - the parts of a request
    channel: Any,
    target: str,
    request: Message,
    *,
    reply_to: str,
    correlation_id: str,
    deadline: float,
    headers: dict[str, Any],
) -> None:
    """Publish a request for `service.method` without waiting.

    It expires after `deadline` seconds: in the broker, and in the service if it was on its way for longer
    (chassis/rpc/age.py). If the service has no queue, the broker returns it to the channel.
    """
    own = {message_headers.SENT_AT: round(time.monotonic(), 3)}
    protocol.send(
        channel,
        b'{"args":[],"kwargs":%b}' % request.model_dump_json(exclude_unset=True).encode(),
        protocol.RPC_EXCHANGE,
        target,
        mandatory=True,
        delivery_mode=protocol.TRANSIENT,
        expiration=str(int(deadline * 1000)),  # milliseconds
        timestamp=int(time.time()),
        reply_to=reply_to,
        correlation_id=correlation_id,
        application_headers=message_headers.encode(own | headers),
    )


def result_of(reply: Any) -> Any:
    """Return the result in a decoded reply. Raises the service's error: ServiceError, or RemoteError for any other."""
    if not isinstance(reply, dict) or "result" not in reply:
        raise ServiceError("The reply is malformed.")
    if reply.get("error"):
        raise deserialize(reply["error"])
    return reply["result"]


def encode_reply(result: Any, error: BaseException | None) -> bytes:
    """Encode a result or an error as Nameko's clients expect it; a result that JSON cannot encode becomes an error."""
    try:
        if error is not None:
            return protocol.dumps({"result": None, "error": _describe(error)})
        if isinstance(result, Message):
            return b'{"result":%b,"error":null}' % result.model_dump_json().encode()
        return protocol.dumps({"result": result, "error": None})
    except (TypeError, ValueError, RecursionError) as failure:
        _log.exception("a reply could not be encoded")
        return protocol.dumps({"result": None, "error": _describe(failure)})


def _describe(error: BaseException) -> dict[str, Any]:
    """Serialize an error without the text of an unexpected one, which may contain anything, such as SQL."""
    if isinstance(error, (ServiceError, BadRequest)):
        serialized: dict[str, Any] = serialize(error)
        return serialized
    return {"exc_type": type(error).__name__, "exc_path": "", "exc_args": [], "value": "see the service's log"}
