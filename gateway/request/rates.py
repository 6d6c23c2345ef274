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
    """Parse `100/hour`. Raises SystemExit: a wrong rate in config.yml stops the start."""
    found = _RATE.fullmatch(text)
    if not found:
        raise SystemExit(f"config.yml: a rate reads like 100/hour, not {text!r}")
    return Rate(int(found[1]), _SECONDS[found[2]])
