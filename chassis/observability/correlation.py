"""The request id and the trace of the current request, which every call and event that follows from it carries."""

from contextvars import ContextVar

REQUEST_ID = "request_id"
TRACEPARENT = "traceparent"

# eventlet and gevent give every greenlet a context of its own.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> dict[str, str | None]:
    """Return both as context data of a message."""
    return {REQUEST_ID: request_id.get(), TRACEPARENT: traceparent.get()}
