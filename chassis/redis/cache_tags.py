"""Versions of cache tags, which invalidate cached responses. Works under eventlet and gevent, which patch `time.sleep`.

A response is cached under the version that its tag had when the response was requested. The owner of the data
increments the version after its commit and before its reply, so a response older than an answered write is never found
again.
"""

import logging
import time
from collections.abc import Callable

import redis

RETRY_DELAY = 0.5  # seconds

_log = logging.getLogger(__name__)


def tag_key(tag: str) -> str:
    """Return the Redis key of a tag's version."""
    return f"tag:{tag}"


class CacheTags:
    """Invalidates tags; `spawn` runs a function in a greenlet of its own."""

    def __init__(self, client: "redis.Redis", spawn: Callable[[Callable[[], None]], object]) -> None:
        self._client = client
        self._spawn = spawn
        self._pending: set[str] = set()

    def invalidate(self, tag: str) -> None:
        """Make every response cached under the tag unreachable.

        If Redis is unavailable, nothing is read from the cache either, and the increment is retried until it succeeds.
        """
        try:
            self._client.incr(tag_key(tag))
        except redis.RedisError as error:
            _log.warning("Redis is unavailable (%s); tag %s will be invalidated later", type(error).__name__, tag)
            self._retry_later(tag)

    def _retry_later(self, tag: str) -> None:
        if tag not in self._pending:
            self._pending.add(tag)
            self._spawn(lambda: self._retry(tag))

    def _retry(self, tag: str) -> None:
        while tag in self._pending:
            time.sleep(RETRY_DELAY)
            try:
                self._client.incr(tag_key(tag))
            except redis.RedisError:
                continue
            self._pending.discard(tag)
