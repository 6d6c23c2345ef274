"""RPC entrypoints: verify the caller, check its access, validate the request, encode the reply.

The method's signature is its contract:

    @rpc
    def get(self, request: contract.GetOrder) -> contract.Order: ...

The decorator restricts access, if not every service may call: `@rpc(USER)` (chassis/auth/access.py). On the wire, the
request's fields are the method's keyword arguments, so `n.rpc.orders.get(id=...)` works in Nameko's shell.
"""

import logging
import time
import typing
from functools import partial
from typing import Any

import nameko.rpc
from kombu import Message as AmqpMessage
from nameko.containers import WorkerContext
from nameko.exceptions import ContainerBeingKilled

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.amqp.message_context import parse, parse_request_key
from chassis.auth import keyring, tokens
from chassis.auth.access import ANY_SERVICE, Access
from chassis.auth.caller import CALLER, Caller
from chassis.contract import Message
from chassis.contract.validation import validate
from chassis.errors import DeadlineExceeded, Invalid, ServiceError
from chassis.observability import metrics
from chassis.rpc import request_queue
from chassis.rpc.age import Ages
from chassis.rpc.messages import encode_reply

_log = logging.getLogger(__name__)

RESOLUTION = 1  # seconds: of a message's timestamp
SENT_AT = message_headers.PREFIX + message_headers.SENT_AT
_FREQUENT = {"ping", "events_since"}  # methods that are called every few seconds

ExcInfo = Any  # the triple of sys.exc_info()


class RpcConsumer(nameko.rpc.RpcConsumer):
    """Sends replies on the consumer's channel, transient and without confirms.

    If a reply is lost with its connection, the caller runs into its deadline and retries with its idempotency key.
    Nameko's own replies, confirmed and from a pool of connections, cost 1.7 times the CPU of the whole call.
    """

    queue_consumer = QueueConsumer()

    def __init__(self) -> None:
        super().__init__()
        self._ages = Ages()

    def require_time_left(self, message: AmqpMessage, caller: Caller) -> None:
        """Raise DeadlineExceeded if the caller has given up: its request was on its way for longer than it waits.

        The caller is verified, so no other service can change what its clock is compared with.
        """
        expires, sent_at = message.properties.get("expiration"), message.headers.get(SENT_AT)
        if expires is None or not isinstance(sent_at, float | int):
            return  # from a shell, or from a release before 0.2.0
        timestamp = message.properties.get("timestamp")
        by_time_of_day = time.time() - timestamp - RESOLUTION if isinstance(timestamp, int) else 0
        sender = f"{caller.service}:{message.properties['reply_to']}"
        if self._ages.age(sender, sent_at, by_time_of_day) > int(expires) / 1000:
            raise DeadlineExceeded("The request arrived after its deadline.")

    def setup(self) -> None:
        """Create the queue, and let it be declared before each time that requests are consumed from it."""
        super().setup()
        request_queue.configure(self.queue, self.container.config["rpc"].get("queue", "durable"))
        self.queue_consumer.before_consuming = partial(request_queue.declare, self.queue)

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Start a worker for a request; discard one without `reply_to`, which would end Nameko's container."""
        if not message.properties.get("reply_to"):
            _log.warning("a request without reply_to was discarded")
            self.queue_consumer.ack_message(message)
            return
        super().handle_message(body, message)

    def handle_result(self, message: AmqpMessage, result: Any, exc_info: ExcInfo) -> tuple[Any, ExcInfo]:
        """Reply to a request that was rejected before a worker started."""
        _log.warning("rejected %s: %s", message.delivery_info.get("routing_key"), exc_info[1])
        self.reply(message, result, exc_info)
        return result, exc_info

    def reply(self, message: AmqpMessage, result: Any, exc_info: ExcInfo, *, replayed: bool = False) -> None:
        """Send the reply, then ack the request. If the connection is lost, the broker delivers the request again."""
        body = encode_reply(result, exc_info[1] if exc_info else None)
        properties = message.properties
        try:
            protocol.send(
                message.channel,
                body,
                protocol.RPC_EXCHANGE,
                properties["reply_to"],
                correlation_id=properties.get("correlation_id"),
                delivery_mode=protocol.TRANSIENT,
                application_headers={message_headers.REPLAYED: True} if replayed else {},
            )
            self.queue_consumer.ack_message(message)
        except protocol.BROKER_ERRORS as error:
            _log.warning("a reply was lost with its connection: %s", type(error).__name__)


class Rpc(nameko.rpc.Rpc):
    """An RPC entrypoint. A ServiceError is a normal reply and is not logged as a failure."""

    rpc_consumer = RpcConsumer()

    def __init__(self, access: Access = ANY_SERVICE, **kwargs: Any) -> None:
        self.access = access
        super().__init__(expected_exceptions=ServiceError, **kwargs)

    def setup(self) -> None:
        """Read the request model from the method's signature."""
        super().setup()
        self._ring = keyring.from_config(self.container.config)
        method = getattr(self.container.service_cls, self.method_name)
        self._request: type[Message] = typing.get_type_hints(method)["request"]

    def handle_message(self, body: Any, message: AmqpMessage) -> None:
        """Verify, authorise and validate, then run the method in a worker. Nameko replies with what this raises."""
        context_data = parse(message.headers) | parse_request_key(message.headers)
        caller = tokens.verify(context_data.get(message_headers.AUTH_TOKEN), self.container.service_name, self._ring)
        self.rpc_consumer.require_time_left(message, caller)
        self.access.check(caller)
        context_data[CALLER] = caller
        context_data[message_headers.REDELIVERED] = message.delivery_info.get("redelivered", False)
        handle_result = partial(self._finish, message, time.perf_counter())
        try:
            self.container.spawn_worker(
                self, (self._read(body),), {}, context_data=context_data, handle_result=handle_result
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def _read(self, body: Any) -> Message:
        """Build the request from Nameko's {args, kwargs}; positional arguments are fields in the model's order."""
        if not (isinstance(body, dict) and isinstance(body.get("args"), list) and isinstance(body.get("kwargs"), dict)):
            raise Invalid("Expected args and kwargs.", "malformed_call")
        fields = dict(zip(self._request.model_fields, body["args"], strict=False))
        if len(fields) < len(body["args"]) or fields.keys() & body["kwargs"].keys():
            raise Invalid("Too many arguments.", "malformed_call")
        return validate(self._request, fields | body["kwargs"])

    def _finish(
        self, message: AmqpMessage, started: float, worker_ctx: WorkerContext, result: Any, exc_info: ExcInfo
    ) -> tuple[Any, ExcInfo]:
        self.rpc_consumer.reply(message, result, exc_info, replayed=message_headers.REPLAYED in worker_ctx.data)
        error = exc_info[1] if exc_info else None
        self._record(worker_ctx, error, time.perf_counter() - started)
        return result, exc_info

    def _record(self, worker_ctx: WorkerContext, error: BaseException | None, seconds: float) -> None:
        """Count the call by the kind of its outcome, and log it."""
        kind = error.default_code if isinstance(error, ServiceError) else "error" if error else "ok"
        metrics.RPC_SECONDS.labels(worker_ctx.service_name, self.method_name, kind).observe(seconds)
        _log.log(
            logging.DEBUG if self.method_name in _FREQUENT else logging.INFO,
            "%s.%s",
            worker_ctx.service_name,
            self.method_name,
            extra={
                "outcome": getattr(error, "code", "error") if error else "ok",
                "ms": round(seconds * 1000, 1),
                "caller": worker_ctx.data[CALLER].service,
            },
        )


rpc = Rpc.decorator
