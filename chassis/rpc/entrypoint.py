"""RPC entrypoints: verified caller, validated request, lean reply.

A method says all there is to say in its signature:

    @rpc
    def detail(self, request: contract.ById) -> contract.Post: ...

Who may call it, if that is not any service, stands in the decorator: `@rpc(USER)` (`chassis/access.py`).

On the wire it takes the request's fields as arguments, so `n.rpc.feeds.detail(id=...)` works from the shell.
"""

import logging
import time
import typing
from functools import partial
from typing import Any

import nameko.rpc
from kombu import Message as AmqpMessage
from nameko.containers import WorkerContext
from nameko.exceptions import BadRequest, ContainerBeingKilled, serialize

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.amqp.message_context import incoming, request_key
from chassis.auth import keyring, tokens
from chassis.auth.access import ANYBODY, Access
from chassis.auth.caller import CALLER
from chassis.contract import Message
from chassis.contract.validation import validate
from chassis.db import idempotency
from chassis.errors import Invalid, ServiceError
from chassis.observability import metrics

_log = logging.getLogger(__name__)

ExcInfo = Any  # the triple of sys.exc_info()


class RpcConsumer(nameko.rpc.RpcConsumer):
    """Answers on the channel that the request came by, transient and unconfirmed.

    The requester has a deadline and repeats what it must, so a reply that is lost with a connection costs no more
    than a timeout; Nameko's own confirmed and pooled replies cost 1.7 times the CPU of the whole call.
    """

    queue_consumer = QueueConsumer()

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Start a worker for a request. What nobody waits for is thrown away: Nameko's own way would kill us."""
        if not message.properties.get("reply_to"):
            _log.warning("a request without reply_to was thrown away")
            self.queue_consumer.ack_message(message)
            return
        super().handle_message(body, message)

    def handle_result(self, message: AmqpMessage, result: Any, exc_info: ExcInfo) -> tuple[Any, ExcInfo]:
        """Reply to a request that never reached a worker: an unknown method, a refused caller."""
        _log.warning("refused %s: %s", message.delivery_info.get("routing_key"), exc_info[1])
        self.reply(message, result, exc_info)
        return result, exc_info

    def reply(self, message: AmqpMessage, result: Any, exc_info: ExcInfo, *, replayed: bool = False) -> None:
        """Send the reply, then ack the request. A connection that died meanwhile brings the request back."""
        body = _encode(result, exc_info)
        properties = message.properties
        try:
            protocol.send(
                message.channel,
                body,
                nameko.rpc.get_rpc_exchange(self.container.config).name,
                properties["reply_to"],
                correlation_id=properties.get("correlation_id"),
                delivery_mode=protocol.TRANSIENT,
                application_headers={idempotency.REPLAYED: True} if replayed else {},
            )
            self.queue_consumer.ack_message(message)
        except protocol.BROKER_ERRORS as error:
            _log.warning("a reply was lost with its connection: %s", type(error).__name__)


class Rpc(nameko.rpc.Rpc):
    """An RPC entrypoint; refusals (ServiceError) are answers, not failures."""

    rpc_consumer = RpcConsumer()

    def __init__(self, access: Access = ANYBODY, **kwargs: Any) -> None:
        self.access = access
        super().__init__(expected_exceptions=ServiceError, **kwargs)

    def setup(self) -> None:
        """Learn the request model from the method's signature."""
        super().setup()
        self._ring = keyring.from_config(self.container.config)
        method = getattr(self.container.service_cls, self.method_name)
        self._request: type[Message] = typing.get_type_hints(method)["request"]

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Verify, authorise, validate, and run the method in a worker. What this raises is sent as the reply."""
        context_data = incoming(message.headers) | request_key(message.headers)
        caller = tokens.verify(context_data.get(message_headers.AUTH_TOKEN), self.container.service_name, self._ring)
        self.access.check(caller)
        context_data[CALLER] = caller
        handle_result = partial(self._finish, message, time.perf_counter())
        try:
            self.container.spawn_worker(
                self, (self._read(body),), {}, context_data=context_data, handle_result=handle_result
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def _read(self, body: Any) -> Message:
        """Build the request from Nameko's {args, kwargs}; people at a shell leave names out, in the model's order."""
        if not (isinstance(body, dict) and isinstance(body.get("args"), list) and isinstance(body.get("kwargs"), dict)):
            raise Invalid("Expected args and kwargs.", "malformed_call")
        named = dict(zip(self._request.model_fields, body["args"], strict=False))
        if len(named) < len(body["args"]) or named.keys() & body["kwargs"].keys():
            raise Invalid("Too many arguments.", "malformed_call")
        return validate(self._request, named | body["kwargs"])

    def _finish(
        self, message: AmqpMessage, started: float, worker_ctx: WorkerContext, result: Any, exc_info: ExcInfo
    ) -> tuple[Any, ExcInfo]:
        self.rpc_consumer.reply(message, result, exc_info, replayed=idempotency.REPLAYED in worker_ctx.data)
        seconds = time.perf_counter() - started
        refusal = exc_info[1] if exc_info else None
        kind = refusal.default_code if isinstance(refusal, ServiceError) else "error" if refusal else "ok"
        metrics.RPC_SECONDS.labels(worker_ctx.service_name, self.method_name, kind).observe(seconds)
        _log.log(
            logging.DEBUG if self.method_name == "ping" else logging.INFO,
            "%s.%s",
            worker_ctx.service_name,
            self.method_name,
            extra={
                "outcome": getattr(refusal, "code", "error") if refusal else "ok",
                "ms": round(seconds * 1000, 1),
                "caller": worker_ctx.data[CALLER].service,
            },
        )
        return result, exc_info


rpc = Rpc.decorator


def _encode(result: Any, exc_info: ExcInfo) -> bytes:
    """Encode {result, error} as Nameko's clients expect it; what cannot be encoded is an error of ours."""
    try:
        if exc_info is not None:
            return protocol.dumps({"result": None, "error": _error(exc_info[1])})
        if isinstance(result, Message):
            return b'{"result":%b,"error":null}' % result.model_dump_json().encode()
        return protocol.dumps({"result": result, "error": None})
    except (TypeError, ValueError, RecursionError) as error:
        _log.exception("a reply could not be encoded")
        return protocol.dumps({"result": None, "error": _error(error)})


def _error(error: BaseException) -> dict[str, Any]:
    """Describe an error; the text of one that we did not foresee may hold anything and stays in our log."""
    if isinstance(error, (ServiceError, BadRequest)):
        described: dict[str, Any] = serialize(error)
        return described
    return {
        "exc_type": type(error).__name__,
        "exc_path": "",
        "exc_args": [],
        "value": "see the service's log",
    }
