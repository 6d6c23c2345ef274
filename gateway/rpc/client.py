"""The web process's RPC client: one reply queue per process, a deadline for every call.

It uses Nameko's wire format without Nameko's runtime, which needs eventlet; the web processes run gevent.
"""

import itertools
import json
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
from amqp import Message as AmqpMessage
from gevent.event import AsyncResult
from nameko.exceptions import MethodNotFound, deserialize

from chassis.amqp import message_headers, protocol
from chassis.amqp.message_headers import REPLAYED
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.contract import Message
from chassis.errors import DeadlineExceeded, ServiceError, Unavailable
from chassis.observability import correlation, tracing
from chassis.rpc import messages
from gateway import metrics
from gateway.rpc.call_limit import FEWEST, CallLimit

SELF = Caller("gateway")
# Methods that hash a password, of which users runs two at a time and rejects those that its queue does not hold. They
# wait for turns of their own here, so that a burst of logins is neither rejected nor delays other calls of users.
HASHING = frozenset({"users.login", "users.register", "users.confirm_password_reset"})
# Methods that wait for the identity provider. Apart from the others, a provider that is slow neither takes turns of
# other calls of users nor makes them fewer. A burst waits here: users rejects what cannot wait for the provider.
PROVIDER = frozenset({"users.begin_provider_sign_in", "users.finish_provider_sign_in"})

_log = logging.getLogger(__name__)

Reply = TypeVar("Reply", bound=Message)


class MethodMissing(Unavailable):
    """The service does not have the method yet: during an upgrade it is of the release before."""


class RpcClient:
    """Calls services; safe to use from any greenlet of the process.

    At most `in_flight` calls of a service run at a time, and fewer while it is slow (call_limit.py). The methods of
    HASHING and of PROVIDER have limits of their own: `hashing` and FEWEST. Further calls wait for their turn, at most
    `wait` seconds: here they cost nothing; in the service's queue their deadline would pass. A service that does not
    answer takes no turns of others.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        options = settings["gateway"]["rpc"]
        self._limits: dict[str, CallLimit] = defaultdict(  # by service
            lambda: CallLimit(options["in_flight"], options["wait"])
        )
        self._hashing = CallLimit(options["hashing"], options["wait"])
        self._provider = CallLimit(FEWEST, options["wait"])
        self._issuer = tokens.Issuer(keyring.from_config(settings))
        self._numbers = itertools.count()
        self._waiting: dict[str, AsyncResult[AmqpMessage]] = {}
        self._channel: Any = None
        self._blocked = False
        self._reply_to = str(uuid.uuid4())

    def call_as_gateway(self, target: str, request: Message, reply: type[Reply], deadline: float = 5) -> Reply:
        """Call on behalf of no user; `deadline` in seconds. Raises as `call` does."""
        result, _ = self.call(target, request, caller=SELF, deadline=deadline)
        return reply.model_validate(result)

    def call(
        self, target: str, request: Message, *, caller: Caller, deadline: float, request_key: str | None = None
    ) -> tuple[Any, bool]:
        """Call `service.method`; return its result and whether it is the replayed reply of an earlier call.

        Raises ServiceError: the service's own, Unavailable at once if the broker or the service is down,
        DeadlineExceeded after `deadline` seconds, or when the connection is lost after the request was sent.
        """
        with tracing.span(target, "CLIENT"), _measured(target), self._waiter(target, deadline) as (number, waiter):
            try:
                self._send(number, target, request, caller, deadline, request_key)
                return _result(target, waiter.get(timeout=deadline))
            except gevent.Timeout:
                raise DeadlineExceeded(f"{target} did not answer in time.") from None
            except protocol.BROKER_ERRORS as error:
                raise Unavailable("The message broker is unavailable.") from error

    @contextmanager
    def _waiter(self, target: str, deadline: float) -> Iterator[tuple[str, "AsyncResult[AmqpMessage]"]]:
        """Register a call that waits for its reply. Raises Unavailable if too many do."""
        self.require_broker()
        with self._limit(target).call(deadline):
            self.require_broker()  # it may have been lost meanwhile
            number = str(next(self._numbers))
            waiter = self._waiting[number] = AsyncResult()
            try:
                yield number, waiter
            finally:
                del self._waiting[number]

    def _limit(self, target: str) -> CallLimit:
        if target in HASHING:
            return self._hashing
        return self._provider if target in PROVIDER else self._limits[target.partition(".")[0]]

    def require_broker(self) -> None:
        """Raise Unavailable if no call can be sent now."""
        if self._channel is None or self._blocked:
            raise Unavailable("The message broker is unavailable.")

    def opened(self, channel: Any) -> None:
        """Declare the reply queue; it is deleted with the connection."""
        queue = f"rpc.reply-gateway-{uuid.uuid4()}"
        messages.declare_reply_queue(channel, queue, self._reply_to, self._on_reply)
        channel.events["basic_return"].add(self._on_return)
        self._blocked = False
        self._channel = channel

    def alarm(self, *, active: bool) -> None:
        """Fail new calls at once while the broker accepts no messages.

        A call that was already sent may still be answered. If it waits longer than its deadline, its service drops it.
        """
        self._blocked = active

    def lost(self) -> None:
        """Fail all pending calls: their replies are lost with the connection, and what they asked for may be done."""
        self._channel = None
        for waiter in list(self._waiting.values()):
            waiter.set_exception(DeadlineExceeded("The connection to the message broker was lost."))

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
        if waiter is not None:  # else its deadline has passed
            waiter.set(message)

    def _on_return(self, _error: Exception, _exchange: str, routing_key: str, message: AmqpMessage) -> None:
        waiter = self._waiting.get(message.properties.get("correlation_id"))
        if waiter is not None:
            waiter.set_exception(Unavailable(f"The service {routing_key.partition('.')[0]} is not there."))


def _result(target: str, message: AmqpMessage) -> tuple[Any, bool]:
    body = json.loads(message.body)
    if body["error"] is not None:
        raise _public_error(target, deserialize(body["error"]))
    return body["result"], REPLAYED in (message.properties.get("application_headers") or {})


def _public_error(target: str, error: Exception) -> ServiceError:
    """Return the error that a client may see. Services that reject each other's tokens are unavailable to clients."""
    if isinstance(error, MethodNotFound):
        return MethodMissing(f"{target} is not available yet.")
    if not isinstance(error, ServiceError):
        return ServiceError(f"{target} failed.")
    if error.code == tokens.BAD_TOKEN:  # 0.1.0 raises Unauthenticated, which would sign the user out
        _log.error("%s, or a service that it calls, rejected the token of its caller: check keys and clocks", target)
        return Unavailable(f"{target} is unavailable.")
    return error


@contextmanager
def _measured(target: str) -> Iterator[None]:
    """Measure a call; errors are labelled by their kind."""
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
