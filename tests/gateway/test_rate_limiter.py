"""Counters of requests in Redis."""

import time
from typing import Any

from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient
from gateway.limits.rate_limiter import RateLimiter
from gateway.request.rates import Count, Rate


def test_preview_returns_the_next_count_and_counts_nothing(settings: dict[str, Any]) -> None:
    started = time.monotonic()
    limiter, rate, key = RateLimiter(RedisClient(settings["redis_url"]), {}), Rate(2, 60), f"tests:{new_id()}"
    assert limiter.preview(rate, key) == Count(1, 60)
    for number in range(1, 4):
        for _ in range(2):
            assert limiter.preview(rate, key).count == number
        assert limiter.consume(rate, key).count == number
    left = limiter.preview(rate, key).seconds_left
    assert 59 - (time.monotonic() - started) <= left <= 60
