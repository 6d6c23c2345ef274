"""The RPC client of services: a signed token, a deadline, a typed reply."""

import uuid
from typing import TypeVar

import eventlet
import nameko.rpc
from kombu import Message as AmqpMessage
from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext

from chassis.amqp import message_headers, protocol
from chassis.amqp.consumer import QueueConsumer
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.contract import Message
from chassis.errors import DeadlineExceeded, Unavailable
from chassis.observability import correlation, tracing
from chassis.provider import Provider
from chassis.rpc import messages

Reply = TypeVar("Reply", bound=Message)


class ReplyListener(nameko.rpc.ReplyListener):
    """Nameko's listener, which can also discard a late reply; Nameko's own waits for it forever."""

    queue_consumer = QueueConsumer()

    def setup(self) -> None:
        """Handle requests that the broker returns."""
        super().setup()
        self.queue_consumer.on_return = self._on_return

    def discard(self, correlation_id: str) -> None:
        """Stop waiting for a reply; if it arrives later, it is ignored."""
        self._reply_events.pop(correlation_id, None)

    def _on_return(self, message: AmqpMessage) -> None:
        reply = self._reply_events.pop(message.properties.get("correlation_id"), None)
        if reply is not None:
            reply.send_exception(Unavailable("The service is unavailable."))


class RpcClient:
    """Calls other services in the name of this one: `self.rpc_client.call(...)`."""

    def __init__(
        self, replies: ReplyListener, issuer: tokens.Issuer, deadline: float, worker_ctx: WorkerContext
    ) -> None:
        self._replies = replies
        self._issuer = issuer
        self._deadline = deadline
        self._worker_ctx = worker_ctx
        self.service: str = worker_ctx.service_name

    def call(self, target: str, request: Message, reply: type[Reply], *, request_key: str | None = None) -> Reply:
        """Call `service.method` and return its reply; with a request key, an idempotent method runs once per key.

        Raises ServiceError: the service's own, Unavailable at once if the broker or the service is unavailable,
        DeadlineExceeded after the configured deadline; and RemoteError for an unexpected error of the service.
        """
        correlation_id = str(uuid.uuid4())
        pending = self._replies.get_reply_event(correlation_id)
        try:
            late = DeadlineExceeded(f"{target} did not answer in time.")
            with tracing.span(target, "CLIENT"), eventlet.Timeout(self._deadline, late):
                self._send(target, request, correlation_id, request_key)
                return reply.model_validate(messages.result_of(pending.wait()))
        except protocol.BROKER_ERRORS as error:
            raise Unavailable("The message broker is unavailable.") from error
        finally:
            self._replies.discard(correlation_id)

    def _send(self, target: str, request: Message, correlation_id: str, request_key: str | None) -> None:
        caller = Caller(self._worker_ctx.service_name)
        headers = {
            message_headers.AUTH_TOKEN: self._issuer.token(caller, target.partition(".")[0]),
            CALL_ID_STACK_CONTEXT_KEY: self._worker_ctx.call_id_stack,
            message_headers.REQUEST_KEY: request_key,
        }
        messages.send_request(
            self._replies.queue_consumer.sending_channel(),
            target,
            request,
            reply_to=self._replies.routing_key,
            correlation_id=correlation_id,
            deadline=self._deadline,
            headers=headers | correlation.current(),
        )


class RpcClientProvider(Provider[RpcClient]):
    """Provides RpcClient.

    Services that call no other service have it too: its reply listener keeps the AMQP connection open at SIGTERM until
    the last worker has replied. Nameko by itself closes the connection earlier.
    """

    replies = ReplyListener()

    def setup(self) -> None:
        """Read the settings. Raises ValueError if this process has no key of its service."""
        config = self.container.config
        self._deadline: float = config["rpc"]["deadline"]
        ring = keyring.from_config(config)
        ring.signing(self.container.service_name)
        self._issuer = tokens.Issuer(ring)

    def get_dependency(self, worker_ctx: WorkerContext) -> RpcClient:
        """Return the client of this worker."""
        return RpcClient(self.replies, self._issuer, self._deadline, worker_ctx)
