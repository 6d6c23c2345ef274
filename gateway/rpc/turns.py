"""Limits how many callers do something at a time; further ones wait for their turn, in order."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore

from chassis.errors import Unavailable


class Turns:
    """At most `limit` turns are held at a time; a caller waits `wait` seconds at most."""

    def __init__(self, limit: int, wait: float) -> None:
        self._free = BoundedSemaphore(limit)
        self._wait = wait

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises Unavailable."""
        if not self._free.acquire(timeout=self._wait):
            raise Unavailable("Too many calls are under way.", "overloaded")
        try:
            yield
        finally:
            self._free.release()
