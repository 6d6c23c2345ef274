"""Single flight: concurrent requests that miss the same cached response wait for one computation per process.

A response is never older than a write that was answered before the request. Its key contains the versions of its cache
tags as the guard read them, and each write changes a version before it is answered. A computation begins after its key
was read. So its response may answer each request that read the same versions, and each request whose key was read
before: no write was answered between the arrival of that request and the start of the computation.

Requests with newer versions wait until the running computation ends. Then one of them computes the response for all of
them, with the newest of their keys. So while many writes invalidate a response, it is computed once at a time, not once
for each of them.
"""

from collections.abc import Callable
from typing import cast

import gevent
from gevent.event import AsyncResult

from chassis.errors import DeadlineExceeded, Unavailable
from gateway.cache.response_cache import CachedResponse, ResponseCache
from gateway.request.cache_key import CacheKey

PATIENCE = 0.25  # seconds to wait for the end of a computation with older versions

Compute = Callable[[CacheKey], CachedResponse]


class _Computation:
    """A running computation; `newest` is the newest of its key and of those of requests that wait for its end."""

    def __init__(self, key: CacheKey) -> None:
        self.key = self.newest = key
        self.result: AsyncResult[CachedResponse] = AsyncResult()

    def answers(self, key: CacheKey) -> bool:
        """Return whether its response may answer a request with this key."""
        return self.key.redis_key == key.redis_key or self.key.number > key.number

    def wait_for_end(self, key: CacheKey) -> CacheKey:
        """Wait until it ends, PATIENCE at most; return the newest key of those that wait."""
        self.newest = max(self.newest, key, key=lambda one: one.number)
        self.result.wait(PATIENCE)
        return self.newest


class SingleFlight:
    """The computations that are running in this process, by the name of the response."""

    def __init__(self, cache: ResponseCache) -> None:
        self._cache = cache
        self._running: dict[str, _Computation] = {}

    def run(self, key: CacheKey, compute: Compute, *, cache_seconds: int, deadline: float) -> CachedResponse:
        """Return the response of `compute` or of a running computation; it is cached for `cache_seconds`.

        `compute` gets the key under which its response is cached, which may be newer than the request's. Its error is
        raised in all that wait for it. Raises DeadlineExceeded after `deadline` seconds.
        """
        if (answering := self._answering(key)) is not None:
            return _wait(answering.result, deadline)
        running = self._running[key.name] = _Computation(key)
        try:
            # A computation may have ended since the guard read the cache.
            response = self._cache.load(key.redis_key)
            if response is None:
                response = compute(key)
                self._cache.store(key.redis_key, response, cache_seconds)
        except Exception as error:
            running.result.set_exception(error)
            raise
        else:
            running.result.set(response)
            return response
        finally:
            if self._running.get(key.name) is running:
                del self._running[key.name]
            if not running.result.ready():  # this greenlet was killed
                running.result.set_exception(Unavailable("The page was not finished."))

    def join(self, key: CacheKey, deadline: float) -> tuple[CachedResponse | None, CacheKey]:
        """Return the response of a running computation, as `run` does; None if the caller is to `run` one.

        Waits first for the end of a computation with older versions. Returns also the key for `run`: a newer one if
        requests with newer versions wait, too.
        """
        running = self._running.get(key.name)
        if running is not None and not running.answers(key):
            key = running.wait_for_end(key)
        answering = self._answering(key)
        return (None if answering is None else _wait(answering.result, deadline)), key

    def _answering(self, key: CacheKey) -> _Computation | None:
        """Return the running computation whose response may answer a request with this key."""
        running = self._running.get(key.name)
        return running if running is not None and running.answers(key) else None


def _wait(result: "AsyncResult[CachedResponse]", deadline: float) -> CachedResponse:
    try:
        return cast("CachedResponse", result.get(timeout=deadline))
    except gevent.Timeout:
        raise DeadlineExceeded("The page was not finished in time.") from None
