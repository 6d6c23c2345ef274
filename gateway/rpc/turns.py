"""Limits how many callers do something at a time; further ones wait for their turn, in order."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore

from chassis.errors import Unavailable


class Turn:
    """A turn that is held until it is released."""

    def __init__(self, free: BoundedSemaphore) -> None:
        self._free = free
        self._held = True

    def release(self) -> None:
        """Let the next one have its turn; may be repeated."""
        if self._held:
            self._held = False
            self._free.release()


class Turns:
    """At most `limit` turns are held at a time; a caller waits `wait` seconds at most."""

    def __init__(self, limit: int, wait: float) -> None:
        self._free = BoundedSemaphore(limit)
        self._wait = wait

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a turn; hold it to the end of the block, or until it is released there. Raises Unavailable."""
        if not self._free.acquire(timeout=self._wait):
            raise Unavailable("Too many calls are under way.", "overloaded")
        turn = Turn(self._free)
        try:
            yield turn
        finally:
            turn.release()
