"""What travels with every call and event beside its payload, under Nameko's header prefix."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

HEADER_PREFIX = "nameko."
AUTH_TOKEN = "auth_token"  # noqa: S105 - the name of a key, Nameko's own
REQUEST_ID = "request_id"
TRACEPARENT = "traceparent"
REQUEST_KEY = "request_key"

# Read by the log filter. eventlet and gevent give every greenlet a context of its own.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> dict[str, str | None]:
    """Return what goes along with all that follows from this request."""
    return {REQUEST_ID: request_id.get(), TRACEPARENT: traceparent.get()}


def headers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message's headers for what is known of these; None stands for nothing."""
    return {HEADER_PREFIX + name: value for name, value in values.items() if value is not None}
