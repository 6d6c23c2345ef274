"""Versions of cache tags, which invalidate cached responses. Works under eventlet and gevent, which patch `time.sleep`.

A response is cached under the version that its tag had when the response was requested. The owner of the data
increments the version after its commit and before its reply, so a response older than an answered write is never found
again. Writes that are answered at the same time share an increment.
"""

import logging
import threading
import time
from collections import defaultdict
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
        self._shared: defaultdict[str, _Shared] = defaultdict(_Shared)

    def invalidate(self, tag: str) -> None:
        """Make every response cached under the tag unreachable.

        While one call increments the version, others wait, and then one of them increments it for all that wait. If
        Redis is unavailable, nothing is read from the cache either, and the increment is retried until it succeeds.
        """
        shared = self._shared[tag]
        shared.called += 1
        own = shared.called
        with shared.lock:
            if shared.served < own:
                waiting = shared.called
                self._increment(tag)
                shared.served = waiting

    def _increment(self, tag: str) -> None:
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


class _Shared:
    """The calls to invalidate a tag, numbered in their order."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # held while the version is incremented
        self.called = 0
        self.served = 0  # the last call before an increment that has ended
