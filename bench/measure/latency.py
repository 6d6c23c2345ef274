"""Percentiles of latencies."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self


class Latency(NamedTuple):
    """Percentiles in milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self | None:
        """Return the percentiles of latencies in seconds; None if there are none."""
        ordered = sorted(seconds)
        return cls(*(1000 * percentile(ordered, share) for share in (0.5, 0.95, 0.99))) if ordered else None


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that is not less than this share of all (nearest rank)."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
