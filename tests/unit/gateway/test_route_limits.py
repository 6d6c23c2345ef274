"""Limits of single routes."""

import pytest

from chassis.errors import TooManyRequests
from gateway.cache.redis_client import RedisClient
from gateway.limits import route_limits
from gateway.limits.rate_limiter import RateLimiter
from gateway.request.context import from_environ
from gateway.request.rates import Rate
from gateway.routing.overrides import RouteOverride, default_override
from gateway.routing.table import BY_NAME
from users.contract import Login

UNREACHABLE = "redis://127.0.0.1:1/0"
LOGIN, POSTS = BY_NAME["login"], BY_NAME["all-posts"]


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(RedisClient(UNREACHABLE), {"login": Rate(2, 60), "register": Rate(2, 60)})


def login(limiter: RateLimiter, address: str, name: str) -> None:
    context = from_environ({"REMOTE_ADDR": address}, 0)
    route_limits.consume(LOGIN, default_override(LOGIN), limiter, context, Login(username=name, password="x"))


def read_posts(limiter: RateLimiter, override: RouteOverride, address: str) -> None:
    route_limits.consume(POSTS, override, limiter, from_environ({"REMOTE_ADDR": address}, 0))


def test_login_is_limited_per_address(limiter: RateLimiter) -> None:
    login(limiter, "1.1.1.1", "ada")
    login(limiter, "1.1.1.1", "ben")
    with pytest.raises(TooManyRequests):
        login(limiter, "1.1.1.1", "cleo")


def test_login_is_limited_per_account_regardless_of_case(limiter: RateLimiter) -> None:
    login(limiter, "1.1.1.1", "ada")
    login(limiter, "2.2.2.2", "Ada")
    with pytest.raises(TooManyRequests):
        login(limiter, "3.3.3.3", "ADA")


def test_route_without_own_limit_counts_nothing(limiter: RateLimiter) -> None:
    for _ in range(10):
        read_posts(limiter, default_override(POSTS), "1.1.1.1")


def test_operators_can_limit_any_route(limiter: RateLimiter) -> None:
    override = RouteOverride(enabled=True, target="feeds.all", cache_seconds=60, deadline=5, rate=Rate(1, 60))
    read_posts(limiter, override, "1.1.1.1")
    read_posts(limiter, override, "2.2.2.2")
    with pytest.raises(TooManyRequests):
        read_posts(limiter, override, "1.1.1.1")
