"""Counts requests: in Redis for all gateway processes together; in this process while Redis is unavailable."""

import time
from collections.abc import Mapping
from pathlib import Path

from chassis.errors import TooManyRequests
from gateway.cache.redis_client import RedisClient, RedisUnavailable
from gateway.request.context import Quota, RequestContext
from gateway.request.rates import Count, Rate

_COUNT = (Path(__file__).parent / "count.lua").read_text(encoding="utf-8")
TOO_MANY = "Too many requests; try again later."
_LOCAL_COUNTERS = 100_000  # at most, while Redis is unavailable


class RateLimiter:
    """Fixed windows: the first request of a key begins its window. `rates` are those of config.yml, by name."""

    def __init__(self, redis: RedisClient, rates: Mapping[str, Rate]) -> None:
        self.rates = rates
        self._redis = redis
        self._count = redis.script(_COUNT)
        self._local: dict[str, tuple[int, float]] = {}  # key: count, end of the window

    def consume(self, rate: Rate, key: str) -> Count:
        """Count one request and return the new count."""
        name = f"rate:{key}"
        try:
            return Count(*self._count([name], [rate.window]))
        except RedisUnavailable:
            return self._consume_locally(name, rate.window)

    def preview(self, rate: Rate, key: str) -> Count:
        """Return the count that `consume` would return now."""
        name = f"rate:{key}"
        try:
            count, left = int(self._redis.execute("GET", name) or 0), self._redis.execute("TTL", name)
        except RedisUnavailable:
            count, end = self._local.get(name, (0, 0.0))
            left = int(end - time.monotonic())
        return Count(count + 1, left) if left >= 0 else Count(1, rate.window)

    def _consume_locally(self, name: str, window: int) -> Count:
        """Count in this process: less exact, but a limit all the same."""
        now = time.monotonic()
        count, end = self._local.get(name, (0, 0.0))
        if end <= now:
            count, end = 0, now + window
        if len(self._local) >= _LOCAL_COUNTERS:
            self._local.clear()
        self._local[name] = (count + 1, end)
        return Count(count + 1, max(1, int(end - now)))


def enforce(context: RequestContext, rate: Rate, count: Count, detail: str = TOO_MANY) -> None:
    """Raise TooManyRequests above the limit. The response's headers show the first limit, or the one that rejects."""
    exceeded = count.count > rate.limit
    if context.quota is None or exceeded:
        context.quota = Quota(rate.limit, count.count, count.seconds_left)
    if exceeded:
        raise TooManyRequests(detail, retry_after=max(1, count.seconds_left))  # Redis may round down to 0
