"""Redis clients with timeouts."""

from typing import Any

import redis

TIMEOUT = 1  # seconds to connect, and for a reply


def connect(url: str, **options: Any) -> "redis.Redis":
    """Return a client, which connects at its first command."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, **options)
