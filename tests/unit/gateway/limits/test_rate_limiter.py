"""Rates, and counting while Redis is unavailable."""

import pytest

from chassis.errors import TooManyRequests
from gateway.cache.local_cache import LocalCache
from gateway.cache.redis_client import RedisClient, RedisUnavailable
from gateway.limits.lock import Lock
from gateway.limits.lookup import Lookup
from gateway.limits.rate_limiter import RateLimiter, enforce
from gateway.request.context import from_environ
from gateway.request.rates import Count, Rate, parse_rate

UNREACHABLE = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("text", "rate"), [("100/hour", Rate(100, 3600)), ("5/second", Rate(5, 1)), ("1/day", Rate(1, 86400))]
)
def test_rate_is_a_count_and_a_unit(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "100", "0/hour", "-1/hour", "100/fortnight", "1e3/hour", "hour"])
def test_invalid_rate_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must read like 10/minute"):
        parse_rate(text)


def test_without_redis_requests_are_counted_in_the_process() -> None:
    limiter = RateLimiter(RedisClient(UNREACHABLE), {})
    counts = [limiter.consume(Rate(2, 60), "anon:1.1.1.1").count for _ in range(3)]
    assert counts == [1, 2, 3]
    assert limiter.preview(Rate(2, 60), "anon:1.1.1.1").count == 4
    assert limiter.preview(Rate(2, 60), "anon:2.2.2.2") == Count(1, 60)
    assert limiter.consume(Rate(2, 60), "anon:2.2.2.2").count == 1


def test_after_a_redis_error_lookups_fail_without_connecting() -> None:
    lookup = Lookup(RedisClient(UNREACHABLE), Rate(2, 60), Rate(3, 60), LocalCache(0))
    for _ in range(1000):  # each attempt to connect would cost far more than this loop may take
        with pytest.raises(RedisUnavailable):
            lookup.find(None, "1.1.1.1")


def test_without_redis_every_lock_is_free() -> None:
    lock = Lock(RedisClient(UNREACHABLE))
    assert lock.acquire("key", 5)
    assert lock.acquire("key", 5)
    lock.release("key")


def test_retry_after_is_at_least_one_second() -> None:
    with pytest.raises(TooManyRequests) as raised:
        enforce(from_environ({}, 0), Rate(5, 60), Count(6, 0))
    assert raised.value.retry_after == 1
