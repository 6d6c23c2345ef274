"""Single flight: of those who miss the same page at the same time, one makes it and the others wait for it.

Within a process they wait for the same flight; its error is theirs too. Between processes a name held in Redis says who
flies. The others look for the page until they find it or the name is free, and make it themselves when half of their
time is over: whoever flies may be dead.

Nobody gets a page that is older than a write which was answered before they asked. A page's key holds the version of
its tag as the guard read it, and each write raises the version before it is answered. Whoever shares a flight has read
the same version as its leader, so no write was answered between these two readings that the leader's call, which comes
after the first of them, could have missed.
"""

import time
from collections.abc import Callable
from typing import cast

import gevent
from gevent.event import AsyncResult

from chassis.errors import DeadlineExceeded, Unavailable
from gateway.cache import response_cache
from gateway.cache.response_cache import Answer
from gateway.limits.rate_limiter import Counters

PAUSE = 0.01  # seconds between two looks for a page that another process makes
MARGIN = 1  # seconds beyond the deadline, after which nobody makes the page any more

# Makes a page within so many seconds.
Make = Callable[[float], Answer]


class Flights:
    """The pages that this process is making."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._flying: dict[str, AsyncResult[Answer]] = {}

    def page(self, key: str, make: Make, *, keep: int, deadline: float) -> Answer:
        """Return the page, made by `make` or by whoever makes it already; it is kept for so many seconds."""
        flight = self._flying.get(key)
        if flight is not None:
            return _landed(flight, deadline)
        flight = self._flying[key] = AsyncResult()
        try:
            answer = self._lead(key, make, keep, deadline)
        except Exception as error:
            flight.set_exception(error)
            raise
        else:
            flight.set(answer)
            return answer
        finally:
            del self._flying[key]
            if not flight.ready():  # this greenlet was killed
                flight.set_exception(Unavailable("The page was not finished."))

    def _lead(self, key: str, make: Make, keep: int, deadline: float) -> Answer:
        """Make the page, unless another process does."""
        end = time.monotonic() + deadline
        while True:
            found, ours = self._counters.take_page(key, int(deadline) + MARGIN)
            if found is not None:
                return response_cache.unpacked(found)
            left = end - time.monotonic()
            if ours or left < deadline / 2:
                break
            gevent.sleep(PAUSE)
        try:
            answer = make(left)
            self._counters.keep_page(key, answer.packed(), keep)
        finally:
            if ours:
                self._counters.let_go(key)
        return answer


def _landed(flight: "AsyncResult[Answer]", deadline: float) -> Answer:
    try:
        return cast("Answer", flight.get(timeout=deadline))
    except gevent.Timeout:
        raise DeadlineExceeded("The page was not finished in time.") from None
