"""Headers of calls and events: the names that Nameko uses, and those that the chassis adds."""

from collections.abc import Mapping
from typing import Any

PREFIX = "nameko."
AUTH_TOKEN = "auth_token"  # noqa: S105 - a name, Nameko's own
REQUEST_KEY = "request_key"
GENERATED = "once:"  # begins a request key that no other request has: only the broker can repeat the request
SENT_AT = "sent_at"  # seconds of the sender's monotonic clock
REDELIVERED = "redelivered"  # no header: whether the broker may have delivered the message before
REPLAYED = "replayed"  # of a reply, without the prefix: it is the stored reply to an earlier request with this key


def encode(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as message headers, without those that are None."""
    return {PREFIX + name: value for name, value in values.items() if value is not None}
