"""Calls from one service to another: a token of our own, a deadline, a typed reply."""

import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import eventlet
import nameko.rpc
from kombu import Message as AmqpMessage
from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext
from nameko.exceptions import deserialize
from nameko.extensions import DependencyProvider

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.auth import keyring, tokens
from chassis.auth.caller import CALLER, Caller
from chassis.contract import Message
from chassis.errors import DeadlineExceeded, ServiceError, Unavailable
from chassis.observability import correlation, tracing

Reply = TypeVar("Reply", bound=Message)


class ReplyListener(nameko.rpc.ReplyListener):
    """Nameko's listener, which can also stop waiting: its own keeps a late reply's place for ever."""

    queue_consumer = QueueConsumer()

    def setup(self) -> None:
        """Hear of requests that found no queue."""
        super().setup()
        self.queue_consumer.on_return = self._on_return

    def forget(self, correlation_id: str) -> None:
        """Let a late reply fall on the floor."""
        self._reply_events.pop(correlation_id, None)

    def _on_return(self, message: AmqpMessage) -> None:
        waiting = self._reply_events.pop(message.properties.get("correlation_id"), None)
        if waiting is not None:
            waiting.send_exception(Unavailable("The service is not there."))


class RpcClientProvider(DependencyProvider):
    """Provides `call`.

    Every service has it, also one that calls nobody: the reply listener keeps the AMQP connection open until the last
    worker has replied, which Nameko by itself does not do at SIGTERM.
    """

    replies = ReplyListener()

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> "RpcClient": ...

    def setup(self) -> None:
        """Read the settings; requests go out by the connection that the replies come in by."""
        config = self.container.config
        self._deadline: float = config["rpc"]["deadline"]
        self._issuer = tokens.Issuer(keyring.from_config(config))
        self._exchange: str = nameko.rpc.get_rpc_exchange(config).name

    def get_dependency(self, worker_ctx: WorkerContext) -> "RpcClient":
        """Return the calls of this worker."""
        return RpcClient(self, worker_ctx)

    def call(self, worker_ctx: WorkerContext, target: str, arguments: dict[str, Any]) -> Any:
        """Call `service.method` and wait for the result, at most the deadline. Raises ServiceError."""
        correlation_id = str(uuid.uuid4())
        reply = self.replies.get_reply_event(correlation_id)
        try:
            late = DeadlineExceeded(f"{target} did not answer in time.")
            with tracing.span(target, "CLIENT"), eventlet.Timeout(self._deadline, late):
                self._send(worker_ctx, target, arguments, correlation_id)
                return _result(reply.wait())
        except protocol.BROKER_ERRORS as error:
            raise Unavailable("The message broker is away.") from error
        finally:
            self.replies.forget(correlation_id)

    def _send(self, worker_ctx: WorkerContext, target: str, arguments: dict[str, Any], correlation_id: str) -> None:
        caller = worker_ctx.data.get(CALLER)
        service = worker_ctx.service_name
        on_behalf = caller.passed_on_by(service) if caller else Caller(service)
        headers = {
            message_headers.AUTH_TOKEN: self._issuer.token(on_behalf, target.partition(".")[0]),
            CALL_ID_STACK_CONTEXT_KEY: worker_ctx.call_id_stack,
        }
        self.replies.queue_consumer.send(
            protocol.dumps({"args": [], "kwargs": arguments}),
            self._exchange,
            target,
            mandatory=True,
            delivery_mode=protocol.TRANSIENT,
            expiration=str(int(self._deadline * 1000)),
            reply_to=self.replies.routing_key,
            correlation_id=correlation_id,
            application_headers=message_headers.encode(headers | correlation.current()),
        )


class RpcClient:
    """`self.rpc_client` in a service."""

    def __init__(self, rpc_client: RpcClientProvider, worker_ctx: WorkerContext) -> None:
        self._rpc_client = rpc_client
        self._worker_ctx = worker_ctx

    def call(self, target: str, request: Message, reply: type[Reply]) -> Reply:
        """Call `service.method` with a request from its contract and read the reply."""
        result = self._rpc_client.call(self._worker_ctx, target, request.model_dump(mode="json", exclude_unset=True))
        return reply.model_validate(result)


def _result(body: Any) -> Any:
    if not isinstance(body, dict) or "result" not in body:
        raise ServiceError("The reply is malformed.")
    if body.get("error"):
        raise deserialize(body["error"])
    return body["result"]
