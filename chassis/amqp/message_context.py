"""What a call or an event brings along: checked headers in, the verified caller for the worker."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.amqp import message_headers
from chassis.auth.caller import CALLER, Caller
from chassis.errors import Invalid
from chassis.observability import correlation, tracing

_SPAN = "span"
# The longest we take, in characters; a request id must fit its column in the outbox.
_LONGEST = {message_headers.AUTH_TOKEN: 4096, correlation.REQUEST_ID: 100, correlation.TRACEPARENT: 55}
_LONGEST_KEY = 240  # with the method's name before it, it must fit its column too


def incoming(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Take from a message's headers what we know and can trust the shape of; any publisher can write any header."""
    headers = headers or {}
    found = {name: headers.get(message_headers.PREFIX + name) for name in _LONGEST}
    data: dict[str, Any] = {
        name: value for name, value in found.items() if is_text(value) and len(value) <= _LONGEST[name]
    }
    stack = headers.get(message_headers.PREFIX + CALL_ID_STACK_CONTEXT_KEY)
    if isinstance(stack, list) and all(is_text(call) for call in stack):
        data[CALL_ID_STACK_CONTEXT_KEY] = stack
    return data


def request_key(headers: Mapping[str, Any]) -> dict[str, str]:
    """Take the key that makes a write happen once.

    Raises Invalid for one that cannot be kept: to leave it out would mean to do a repeated write again.
    """
    key = headers.get(message_headers.PREFIX + message_headers.REQUEST_KEY)
    if key is None:
        return {}
    if not is_text(key) or len(key) > _LONGEST_KEY:
        raise Invalid.field("Idempotency-Key", f"must be printable, {_LONGEST_KEY} characters at most")
    return {message_headers.REQUEST_KEY: key}


class CallerProvider(DependencyProvider):
    """Gives a worker its verified caller, its log lines their request id, and what follows from it their trace."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Caller: ...

    def get_dependency(self, worker_ctx: WorkerContext) -> Caller | None:
        """Return who calls; timers have no caller."""
        return cast("Caller | None", worker_ctx.data.get(CALLER))

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Run in the worker's own greenlet, whose context variables are its own."""
        correlation.request_id.set(worker_ctx.data.get(correlation.REQUEST_ID, "-"))
        correlation.traceparent.set(tracing.parse_traceparent(worker_ctx.data.get(correlation.TRACEPARENT)))
        if worker_ctx.data:  # not a timer's
            name = f"{worker_ctx.service_name}.{worker_ctx.entrypoint.method_name}"
            worker_ctx.data[_SPAN] = span = tracing.span(name, "SERVER")
            span.__enter__()

    def worker_teardown(self, worker_ctx: WorkerContext) -> None:
        """End the span."""
        if _SPAN in worker_ctx.data:
            worker_ctx.data.pop(_SPAN).__exit__(None, None, None)


def is_text(value: Any) -> TypeGuard[str]:
    """Tell whether databases and logs can hold it: AMQP lets half surrogate pairs and control characters pass."""
    return isinstance(value, str) and value.isprintable()
