"""The request id and the trace of the current request; its calls and events carry both."""

from contextvars import ContextVar

REQUEST_ID = "request_id"
TRACEPARENT = "traceparent"

# Under eventlet and gevent every greenlet has its own context.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> dict[str, str | None]:
    """Return both as headers for a message."""
    return {REQUEST_ID: request_id.get(), TRACEPARENT: traceparent.get()}
