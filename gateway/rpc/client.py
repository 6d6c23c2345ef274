"""The RPC client of the web process: one reply queue a process, a deadline for every call.

It sends Nameko's messages without Nameko's runtime, which needs eventlet; the web process runs under gevent.
"""

import itertools
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
from amqp import Message as AmqpMessage
from gevent.event import AsyncResult

from chassis.amqp import message_headers, protocol
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.contract import Message
from chassis.errors import DeadlineExceeded, ServiceError, Unavailable
from chassis.observability import correlation, tracing
from chassis.rpc import messages
from gateway import metrics

SELF = Caller("gateway")

Reply = TypeVar("Reply", bound=Message)


class RpcClient:
    """Calls services; safe to use from any greenlet of the process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._in_flight: int = settings["gateway"]["rpc"]["in_flight"]
        self._issuer = tokens.Issuer(keyring.from_config(settings))
        self._numbers = itertools.count()
        self._waiting: dict[str, AsyncResult[AmqpMessage]] = {}
        self._channel: Any = None
        self._reply_to = str(uuid.uuid4())

    def ask(self, target: str, request: Message, reply: type[Reply], deadline: float = 5) -> Reply:
        """Call on the gateway's own account."""
        result, _ = self.call(target, request, caller=SELF, deadline=deadline)
        return reply.model_validate(result)

    def call(
        self, target: str, request: Message, *, caller: Caller, deadline: float, request_key: str | None = None
    ) -> tuple[Any, bool]:
        """Call `service.method`; return its result and whether it is the replayed reply of an earlier call.

        Raises ServiceError: the service's own, Unavailable at once if the broker or the service is unavailable,
        DeadlineExceeded after `deadline` seconds.
        """
        with tracing.span(target, "CLIENT"), _measured(target), self._waiter() as (number, waiter):
            try:
                self._send(number, target, request, caller, deadline, request_key)
                return _result(target, waiter.get(timeout=deadline))
            except gevent.Timeout:
                raise DeadlineExceeded(f"{target} did not answer in time.") from None
            except protocol.BROKER_ERRORS as error:
                raise Unavailable("The message broker is unavailable.") from error

    @contextmanager
    def _waiter(self) -> Iterator[tuple[str, "AsyncResult[AmqpMessage]"]]:
        """Add a call to the pending ones."""
        if self._channel is None:
            raise Unavailable("The message broker is unavailable.")
        if len(self._waiting) >= self._in_flight:
            raise Unavailable("Too many calls are under way.", "overloaded")
        number = str(next(self._numbers))
        waiter = self._waiting[number] = AsyncResult()
        try:
            yield number, waiter
        finally:
            del self._waiting[number]

    def opened(self, channel: Any) -> None:
        """Open the reply queue; it dies with the connection."""
        channel.events["basic_return"].add(self._on_return)
        messages.declare_reply_queue(channel, f"rpc.reply-gateway-{uuid.uuid4()}", self._reply_to, self._on_reply)
        self._channel = channel

    def lost(self) -> None:
        """Fail all pending calls at once: their replies are lost with the connection."""
        self._channel = None
        for waiter in list(self._waiting.values()):
            waiter.set_exception(Unavailable("The message broker is unavailable."))

    def _send(  # noqa: PLR0913, PLR0917 - the parts of a call
        self,
        number: str,
        target: str,
        request: Message,
        caller: Caller,
        deadline: float,
        request_key: str | None,
    ) -> None:
        headers = {
            message_headers.AUTH_TOKEN: self._issuer.token(caller, target.partition(".")[0]),
            message_headers.REQUEST_KEY: request_key,
        }
        messages.send_request(
            self._channel,
            target,
            request,
            reply_to=self._reply_to,
            correlation_id=number,
            deadline=deadline,
            headers=headers | correlation.current(),
        )

    def _on_reply(self, message: AmqpMessage) -> None:
        waiter = self._waiting.get(message.properties.get("correlation_id"))
        if waiter is not None:  # otherwise its deadline has passed
            waiter.set(message)

    def _on_return(self, _error: Exception, _exchange: str, routing_key: str, message: AmqpMessage) -> None:
        waiter = self._waiting.get(message.properties.get("correlation_id"))
        if waiter is not None:
            waiter.set_exception(Unavailable(f"The service {routing_key.partition('.')[0]} is not there."))


def _result(target: str, message: AmqpMessage) -> tuple[Any, bool]:
    """Return the result, and whether it is replayed. Raises ServiceError, also for an unhandled error."""
    try:
        result = messages.result_of(json.loads(message.body))
    except ServiceError:
        raise
    except Exception as error:
        raise ServiceError(f"{target} failed.") from error
    return result, message_headers.REPLAYED in (message.properties.get("application_headers") or {})


@contextmanager
def _measured(target: str) -> Iterator[None]:
    """Count and time a call; errors are counted by their default code."""
    service, _, method = target.partition(".")
    outcome, started = "ok", time.perf_counter()
    metrics.RPC_IN_FLIGHT.inc()
    try:
        yield
    except ServiceError as error:
        outcome = error.default_code
        raise
    finally:
        metrics.RPC_IN_FLIGHT.dec()
        metrics.RPC_SECONDS.labels(service, method, outcome).observe(time.perf_counter() - started)
