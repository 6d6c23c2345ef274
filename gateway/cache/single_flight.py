"""Single flight: concurrent requests that miss the same cached response wait for one computation per process.

A response is never older than a write that was answered before the request. Its key contains the version of its cache
tag as the guard read it, and each write increments the version before it is answered. All that share a computation have
read the same version, so no write was answered between the first of these reads and the computation that followed it.
"""

from collections.abc import Callable
from typing import cast

import gevent
from gevent.event import AsyncResult

from chassis.errors import DeadlineExceeded, Unavailable
from gateway.cache.response_cache import CachedResponse, ResponseCache

Compute = Callable[[], CachedResponse]


class SingleFlight:
    """The computations that are running in this process, by cache key."""

    def __init__(self, cache: ResponseCache) -> None:
        self._cache = cache
        self._running: dict[str, AsyncResult[CachedResponse]] = {}

    def run(self, key: str, compute: Compute, *, cache_seconds: int, deadline: float) -> CachedResponse:
        """Return the response of `compute` or of the running computation; it is cached for `cache_seconds`.

        An error of the computation is raised in all that wait for it. Raises DeadlineExceeded after `deadline` seconds.
        """
        if (shared := self.join(key, deadline)) is not None:
            return shared
        running = self._running[key] = AsyncResult()
        try:
            response = self._cache.load(key)  # a computation may have ended since the guard read the cache
            if response is None:
                response = compute()
                self._cache.store(key, response, cache_seconds)
        except Exception as error:
            running.set_exception(error)
            raise
        else:
            running.set(response)
            return response
        finally:
            del self._running[key]
            if not running.ready():  # this greenlet was killed
                running.set_exception(Unavailable("The page was not finished."))

    def join(self, key: str, deadline: float) -> CachedResponse | None:
        """Return the response of the running computation, as `run` does; None if there is none."""
        running = self._running.get(key)
        return None if running is None else _wait(running, deadline)


def _wait(running: "AsyncResult[CachedResponse]", deadline: float) -> CachedResponse:
    try:
        return cast("CachedResponse", running.get(timeout=deadline))
    except gevent.Timeout:
        raise DeadlineExceeded("The page was not finished in time.") from None
