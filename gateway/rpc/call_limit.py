"""Limits the calls of a service to as many as it answers in time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.rpc.turns import Turns

LATE = 0.5  # part of its deadline after which a call was late
FEWEST = 4  # calls at a time, however late they are
REDUCED = 0.5  # factor
PATIENCE = 5  # seconds that a call waits for its turn before later ones overtake it


class CallLimit:
    """At most `most` calls at a time, and fewer while they are late: half as many, then one more per round in time.

    A service that is slower than its callers works on all calls at once. Without this limit each call would pass its
    deadline, and all work would be done for callers that have given up.

    The limit is TCP's: additive increase, multiplicative decrease, once for the calls that were under way together
    (RFC 5681, section 3.1).
    """

    def __init__(self, most: int, wait: float) -> None:
        self._turns = Turns(most, wait, PATIENCE)
        self._most = most
        self._limit = float(most)
        self._reduced_at = 0.0

    @contextmanager
    def call(self, deadline: float) -> Iterator[None]:
        """Wait for a turn, then measure the call in the block. Raises Unavailable."""
        with self._turns.turn():
            started = time.monotonic()
            try:
                yield
            finally:
                self._adapt(started, deadline)

    def _adapt(self, started: float, deadline: float) -> None:
        now = time.monotonic()
        if now - started <= deadline * LATE:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        elif started >= self._reduced_at:
            self._limit = max(min(FEWEST, self._most), self._limit * REDUCED)
            self._reduced_at = now
        self._turns.limit = int(self._limit)
