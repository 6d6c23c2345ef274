"""Ids are UUIDv7 (RFC 9562), so order by id is order by time, also among ids made by one process in one millisecond."""

import os
import threading
import time
from datetime import UTC, datetime

_RANDOM_BITS = 74
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Make an id greater than every id that this process made before.

    Within one millisecond the random part counts upwards (RFC 9562, section 6.2, method 2).
    """
    global _last  # noqa: PLW0603 - a monotonic counter is state of the process
    with _lock:
        fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | _random(_RANDOM_BITS)
        _last = fresh if fresh >> _RANDOM_BITS > _last >> _RANDOM_BITS else _last + 1 + _random(16)
        return _format(_last)


def first_id(moment: datetime) -> str:
    """Return the smallest id of a moment's millisecond: every id that was made before is smaller."""
    return _format(int(moment.timestamp() * 1000) << _RANDOM_BITS)


def time_of(an_id: str) -> datetime:
    """Return the moment at which an id was made, to the millisecond."""
    return datetime.fromtimestamp(int(an_id[:8] + an_id[9:13], 16) / 1000, UTC)


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(-(-bits // 8))) >> (-bits % 8)


def _format(value: int) -> str:
    """Spread 48 bits of time and 74 of randomness around the version and variant bits."""
    head, tail = divmod(value, 1 << 62)
    milliseconds, middle = divmod(head, 1 << 12)
    digits = f"{milliseconds:012x}7{middle:03x}{(0b10 << 62) | tail:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
