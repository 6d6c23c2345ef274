"""Versions of cache tags, which invalidate cached responses. Works under eventlet and gevent, which patch `time.sleep`.

A response is cached under the versions that its tags had when the response was requested. The owner of the data changes
the version after its commit and before its reply, so a response older than an answered write is never found again.

A version is a random number, so no version ever returns, even if Redis loses its data. It is an integer that the
services of 0.1.0 can increment.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import redis

RETRY_DELAY = 0.5  # seconds
LIFETIME = 7200  # seconds until the version of an unchanged tag expires; longer than a response is cached
_BITS = 62  # of a version; Redis increments numbers of 64 bits

_log = logging.getLogger(__name__)


def tag_key(tag: str) -> str:
    """Return the Redis key of a tag's version."""
    return f"tag:{tag}"


def new_version() -> int:
    """Return a version that no tag has had."""
    return random.getrandbits(_BITS)


@dataclass(slots=True)
class _Round:
    """The tags of calls that wait for the same change."""

    tags: set[str] = field(default_factory=set)
    done: bool = False


class CacheTags:
    """Invalidates tags; `spawn` runs a function in a greenlet of its own."""

    def __init__(self, client: "redis.Redis", spawn: Callable[[Callable[[], None]], object]) -> None:
        self._client = client
        self._spawn = spawn
        self._pending: set[str] = set()
        self._retrying = False
        self._next = _Round()
        self._turn = threading.Lock()  # held while versions are changed

    def invalidate(self, *tags: str) -> None:
        """Make every response cached under one of the tags unreachable.

        While one call changes versions, others wait, and then one of them changes those of all that wait. If Redis is
        unavailable, nothing is read from the cache either, and this is retried until it succeeds.
        """
        own = self._next
        own.tags.update(tags)
        with self._turn:
            if not own.done:
                self._next = _Round()
                self._change_or_retry(own.tags)
                own.done = True

    def _change_or_retry(self, tags: Collection[str]) -> None:
        try:
            self._change(tags)
        except redis.RedisError as error:
            _log.warning(
                "Redis is unavailable (%s); tags will be invalidated later: %s", type(error).__name__, sorted(tags)
            )
            self._retry_later(tags)

    def _change(self, tags: Iterable[str]) -> None:
        with self._client.pipeline(transaction=False) as pipeline:
            for tag in tags:
                pipeline.set(tag_key(tag), new_version(), ex=LIFETIME)
            pipeline.execute()

    def _retry_later(self, tags: Iterable[str]) -> None:
        self._pending.update(tags)
        if not self._retrying:
            self._retrying = True
            self._spawn(self._retry)

    def _retry(self) -> None:
        while self._pending:
            time.sleep(RETRY_DELAY)
            tags, self._pending = self._pending, set()
            try:
                self._change(tags)
            except redis.RedisError:
                self._pending |= tags
        self._retrying = False
