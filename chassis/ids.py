"""Ids are UUIDv7 (RFC 9562): they sort by creation time, also those that one process creates in one millisecond."""

import os
import threading
import time
from datetime import UTC, datetime

_RANDOM_BITS = 74
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Create an id that is greater than every id that this process created before.

    Within one millisecond the random part counts upwards (RFC 9562, section 6.2, method 2).
    """
    global _last  # noqa: PLW0603 - the monotonic counter is state of the process
    with _lock:
        fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | _random(_RANDOM_BITS)
        _last = fresh if fresh >> _RANDOM_BITS > _last >> _RANDOM_BITS else _last + 1 + _random(16)
        return _format(_last)


def first_id(at: datetime) -> str:
    """Return the smallest id of the millisecond of `at`; every id created earlier is smaller."""
    return _format(int(at.timestamp() * 1000) << _RANDOM_BITS)


def time_of(an_id: str) -> datetime:
    """Return the creation time of an id, to the millisecond, in UTC."""
    return datetime.fromtimestamp(int(an_id[:8] + an_id[9:13], 16) / 1000, UTC)


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(-(-bits // 8))) >> (-bits % 8)


def _format(value: int) -> str:
    """Put 48 bits of time and 74 random bits around the version and variant bits."""
    head, tail = divmod(value, 1 << 62)
    milliseconds, middle = divmod(head, 1 << 12)
    digits = f"{milliseconds:012x}7{middle:03x}{(0b10 << 62) | tail:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
