"""The clock of another service, as measured by calls to it.

A reply has the time at which it was made, so the other clock is between that of the sending and that of the receiving
of the call. It is compared with the monotonic clock of this process: setting the clock of this host changes nothing.
"""

import time
from datetime import UTC, datetime

from chassis import clock


class ServiceClock:
    """The clock of another service; the same as the one here as far as the measurements permit."""

    def __init__(self) -> None:
        self._range: tuple[float, float] | None = None  # the difference to the monotonic clock, in seconds

    def measure(self, sent_at: float, now_there: datetime) -> None:
        """Record the time in a reply that arrived now; the call was sent at `sent_at` of the monotonic clock.

        The range that several measurements agree on is smaller than that of each. If they do not agree, a clock was
        set since, and the last one counts.
        """
        earliest, latest = now_there.timestamp() - time.monotonic(), now_there.timestamp() - sent_at
        if self._range is not None and earliest <= self._range[1] and self._range[0] <= latest:
            earliest, latest = max(earliest, self._range[0]), min(latest, self._range[1])
        self._range = earliest, latest

    def now(self) -> datetime:
        """Return the current time there; before the first measurement the time here."""
        here = clock.now()
        if self._range is None:
            return here
        earliest, latest = (time.monotonic() + difference for difference in self._range)
        if earliest <= here.timestamp() <= latest:
            return here
        return datetime.fromtimestamp((earliest + latest) / 2, UTC)
