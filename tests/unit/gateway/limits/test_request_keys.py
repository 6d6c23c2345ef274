"""The request keys of writes; without Redis, so every lock is free."""

import pytest

from gateway.cache.redis_client import RedisClient
from gateway.limits.idempotency import request_key
from gateway.limits.lock import Lock
from gateway.request.context import from_environ
from gateway.routing.table import ROUTES

UNREACHABLE = "redis://127.0.0.1:1/0"


def keys(route_name: str, given: str | None = None, token: str = "a" * 43) -> tuple[str | None, str | None]:
    """Return the keys of two requests of one client."""
    [route] = [route for route in ROUTES if route.name == route_name]
    environ = {"REMOTE_ADDR": "1.1.1.1", "HTTP_AUTHORIZATION": f"Bearer {token}"}
    context, lock = from_environ(environ, 0), Lock(RedisClient(UNREACHABLE))
    with request_key(route, 5, lock, context, given) as first:
        pass
    with request_key(route, 5, lock, context, given) as second:
        return first, second


@pytest.mark.parametrize("name", [route.name for route in ROUTES if route.method != "GET" and not route.ends_session])
def test_each_write_has_a_key_of_its_own(name: str) -> None:
    assert None not in keys(name)
    assert len({*keys(name)}) == 2


def test_reads_have_no_key() -> None:
    assert keys("inbox", given="mine") == (None, None)


def test_key_of_the_client_counts_where_the_route_accepts_one() -> None:
    assert len({*keys("create-post", given="mine")}) == 1
    assert len({*keys("delete-post", given="mine")}) == 2


def test_request_that_ends_its_session_has_the_same_key_again_in_that_session_only() -> None:
    assert len({*keys("delete-account")}) == 1
    assert len({*keys("delete-account", given="mine"), *keys("delete-account")}) == 2
    assert keys("delete-account") != keys("delete-account", token="b" * 43)
