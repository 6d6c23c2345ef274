"""Limits of single routes."""

import pytest

from chassis.errors import TooManyRequests
from gateway.cache.redis_client import RedisClient
from gateway.limits import route_limits
from gateway.limits.rate_limiter import RateLimiter
from gateway.request.context import from_environ
from gateway.request.rates import Rate
from gateway.routing.overrides import default_override
from gateway.routing.table import BY_NAME

UNREACHABLE = "redis://127.0.0.1:1/0"
LOGIN = BY_NAME["login"]


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(RedisClient(UNREACHABLE), {"login": Rate(2, 60), "register": Rate(2, 60)})


def login(limiter: RateLimiter, address: str) -> None:
    context = from_environ({"REMOTE_ADDR": address}, 0)
    route_limits.consume(LOGIN, default_override(LOGIN), limiter, context)


def test_login_is_limited_per_address(limiter: RateLimiter) -> None:
    login(limiter, "1.1.1.1")
    login(limiter, "1.1.1.1")
    with pytest.raises(TooManyRequests):
        login(limiter, "1.1.1.1")


def test_logins_of_other_addresses_do_not_reject_a_login(limiter: RateLimiter) -> None:
    for number in range(10):
        login(limiter, f"1.1.1.{number}")
