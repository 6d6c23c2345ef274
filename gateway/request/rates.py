"""Rates such as `100/hour`."""

import re
from dataclasses import dataclass

_RATE = re.compile(r"([1-9]\d{0,9})/(second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests in a window of `window` seconds."""

    limit: int
    window: int


@dataclass(frozen=True, slots=True)
class Count:
    """The value of a counter, and the number of seconds until its window ends."""

    count: int
    seconds_left: int


def parse_rate(text: str) -> Rate:
    """Parse `100/hour`. Raises ValueError."""
    found = _RATE.fullmatch(text)
    if not found:
        raise ValueError("must read like 10/minute; second, minute, hour and day are known")
    return Rate(int(found[1]), _SECONDS[found[2]])
