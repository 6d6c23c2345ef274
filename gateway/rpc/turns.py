"""Limits how many callers do something at a time; further ones wait for their turn."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.event import Event

from chassis.errors import Unavailable


class Turn:
    """A turn that is held until it is released."""

    def __init__(self, turns: "Turns") -> None:
        self._turns = turns
        self._held = True

    def release(self) -> None:
        """Let the next one have its turn; may be repeated."""
        if self._held:
            self._held = False
            self._turns.release()


class Turns:
    """At most `limit` turns are held at a time; a caller waits `wait` seconds at most.

    Callers have their turns in order of arrival. While the first of them has waited for longer than `patience` seconds,
    the last one is next: if more callers arrive than can be served, those that are served have waited for a moment,
    not all of them for so long that they have given up.

    If `limit` is reduced, the turns that are held stay so.
    """

    def __init__(self, limit: int, wait: float, patience: float = math.inf) -> None:
        self.limit = limit
        self._wait = wait
        self._patience = patience
        self._held = 0
        self._waiting: OrderedDict[Event, float] = OrderedDict()  # with the time since when, the oldest first

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a turn; hold it to the end of the block, or until it is released there. Raises Unavailable."""
        self._acquire()
        turn = Turn(self)
        try:
            yield turn
        finally:
            turn.release()

    def release(self) -> None:
        """Give a turn back, to the next that waits."""
        self._held -= 1
        while self._waiting and self._held < self.limit:
            granted = self._next()
            del self._waiting[granted]
            self._held += 1
            granted.set()

    def _acquire(self) -> None:
        if self._held < self.limit and not self._waiting:
            self._held += 1
            return
        granted = Event()
        self._waiting[granted] = time.monotonic()
        try:
            granted.wait(self._wait)
        except BaseException:
            if self._waiting.pop(granted, None) is None:
                self.release()  # it was granted at the same moment
            raise
        if self._waiting.pop(granted, None) is not None:
            raise Unavailable("Too many calls are under way.", "overloaded")

    def _next(self) -> Event:
        oldest, since = next(iter(self._waiting.items()))
        return oldest if time.monotonic() - since <= self._patience else next(reversed(self._waiting))
