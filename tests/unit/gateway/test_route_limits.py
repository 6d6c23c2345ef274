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
from users.contract import Login

UNREACHABLE = "redis://127.0.0.1:1/0"
LOGIN, POSTS = BY_NAME["login"], BY_NAME["all-posts"]


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(RedisClient(UNREACHABLE), {"login": Rate(2, 60), "register": Rate(2, 60)})


@pytest.mark.parametrize(
    "logins",
    [
        [("1.1.1.1", "ada"), ("1.1.1.1", "ben"), ("1.1.1.1", "cleo")],
        [("1.1.1.1", "ada"), ("2.2.2.2", "Ada"), ("3.3.3.3", "ADA")],
    ],
    ids=["address", "account in any case"],
)
def test_login_is_limited_per_address_and_per_account(limiter: RateLimiter, logins: list[tuple[str, str]]) -> None:
    def login(address: str, name: str) -> None:
        context = from_environ({"REMOTE_ADDR": address}, 0)
        route_limits.consume(LOGIN, default_override(LOGIN), limiter, context, Login(username=name, password="x"))

    for address, name in logins[:-1]:
        login(address, name)
    with pytest.raises(TooManyRequests):
        login(*logins[-1])
