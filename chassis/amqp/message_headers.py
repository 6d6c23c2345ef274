"""The headers of calls and events: Nameko's prefix, and the names that the platform adds to Nameko's own."""

from collections.abc import Mapping
from typing import Any

PREFIX = "nameko."
AUTH_TOKEN = "auth_token"  # noqa: S105 - the name of a key, Nameko's own
REQUEST_KEY = "request_key"


def encode(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as message headers; None values are left out."""
    return {PREFIX + name: value for name, value in values.items() if value is not None}
