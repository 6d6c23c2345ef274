"""The context that a call or an event carries: parsed from its headers, and set up for the worker that handles it."""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext

from chassis.amqp import message_headers
from chassis.auth.caller import CALLER, Caller
from chassis.errors import Invalid
from chassis.observability import correlation, tracing
from chassis.provider import Provider

_SPAN = "span"
# Maximum lengths in characters; the outbox stores request ids and traceparents in columns of this length.
_MAX_LENGTH = {message_headers.AUTH_TOKEN: 4096, correlation.REQUEST_ID: 100, correlation.TRACEPARENT: 55}
_MAX_KEY_LENGTH = 240  # the key is stored behind the method's name, in a column of 300


def parse(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the known headers whose values are well-formed, as Nameko's context data.

    Any publisher can write any header, so the values are not trusted: the token, for example, is still to be verified.
    """
    headers = headers or {}
    values = {name: headers.get(message_headers.PREFIX + name) for name in _MAX_LENGTH}
    data: dict[str, Any] = {
        name: value for name, value in values.items() if is_printable_text(value) and len(value) <= _MAX_LENGTH[name]
    }
    stack = headers.get(message_headers.PREFIX + CALL_ID_STACK_CONTEXT_KEY)
    if isinstance(stack, list) and all(is_printable_text(call) for call in stack):
        data[CALL_ID_STACK_CONTEXT_KEY] = stack
    return data


def parse_request_key(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the idempotency key, if there is one, as context data.

    Raises Invalid for a malformed key: ignoring it would run a repeated write twice.
    """
    key = headers.get(message_headers.PREFIX + message_headers.REQUEST_KEY)
    if key is None:
        return {}
    if not is_printable_text(key) or len(key) > _MAX_KEY_LENGTH:
        raise Invalid.field("Idempotency-Key", f"must be printable, {_MAX_KEY_LENGTH} characters at most")
    return {message_headers.REQUEST_KEY: key}


def is_printable_text(value: Any) -> TypeGuard[str]:
    """Return whether a value is text without lone surrogates and control characters, which AMQP would allow."""
    return isinstance(value, str) and value.isprintable()


def enter(data: Mapping[str, Any]) -> None:
    """Set the request id and the trace of this greenlet."""
    correlation.request_id.set(data.get(correlation.REQUEST_ID, "-"))
    correlation.traceparent.set(tracing.parse_traceparent(data.get(correlation.TRACEPARENT)))


class CallerProvider(Provider[Caller]):
    """Provides the verified caller, and sets the request id and the trace for the worker's logs, calls and events."""

    def get_dependency(self, worker_ctx: WorkerContext) -> Caller | None:
        """Return the caller; None in a timer."""
        return cast("Caller | None", worker_ctx.data.get(CALLER))

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Set the context variables of the worker's greenlet, and start its span."""
        enter(worker_ctx.data)
        if worker_ctx.data:  # empty in a timer
            name = f"{worker_ctx.service_name}.{worker_ctx.entrypoint.method_name}"
            worker_ctx.data[_SPAN] = span = tracing.span(name, "SERVER")
            span.__enter__()

    def worker_teardown(self, worker_ctx: WorkerContext) -> None:
        """End the span."""
        if _SPAN in worker_ctx.data:
            worker_ctx.data.pop(_SPAN).__exit__(None, None, None)
