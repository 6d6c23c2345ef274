"""How long a request was on its way, without comparing the clocks of two machines.

A request carries the monotonic clock of its sender. Its difference to the receiver's clock is the time on the way plus
an unknown constant. The smallest recent difference stands for that constant, because most requests arrive within
milliseconds. So a request that waited in a blocked broker is recognised, and setting a clock changes nothing.

The first request of a sender has nothing to be compared with, so the time of day decides. If the clocks of two machines
differ by more than a deadline, this one request may be rejected.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass

SENDERS = 1000  # processes that are remembered
WINDOW = 60  # seconds; a process that was suspended is measured anew after two windows


@dataclass(slots=True)
class _Smallest:
    """The smallest differences of this window and of the last one that had requests, in seconds."""

    since: float
    current: float
    previous: float


class Ages:
    """Measures the requests of all processes that call this one."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Smallest] = OrderedDict()

    def age(self, sender: str, sent_at: float, by_time_of_day: float = 0) -> float:
        """Return the age in seconds of a request that a process sent at this time of its monotonic clock.

        It is `by_time_of_day` for the first one of a process.
        """
        now = time.monotonic()
        difference = now - sent_at
        known = self._senders.get(sender)
        if known is None:
            self._remember(sender, _Smallest(now, difference, difference))
            return by_time_of_day
        age = difference - min(known.current, known.previous)
        if now - known.since > WINDOW:
            known.since, known.current, known.previous = now, difference, known.current
        known.current = min(known.current, difference)
        return max(age, 0.0)

    def _remember(self, sender: str, smallest: _Smallest) -> None:
        self._senders[sender] = smallest
        if len(self._senders) > SENDERS:
            self._senders.popitem(last=False)
