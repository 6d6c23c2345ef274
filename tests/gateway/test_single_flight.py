"""Concurrent misses of a cached response share one computation in a process."""

from typing import Any

import gevent
import pytest
from gevent.event import Event

from chassis.errors import DeadlineExceeded, NotFound, Unavailable
from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import CachedResponse, ResponseCache, cached_response, unpack
from gateway.cache.single_flight import SingleFlight
from tests.gateway.conftest import LIMIT, until

MANY = 20
RESPONSE = cached_response(b"page", '<next>; rel="next"')


class Computation:
    """A cached response of one process, which is computed when `finish` is set."""

    def __init__(self, redis: RedisClient) -> None:
        self.shared = SingleFlight(ResponseCache(redis, largest=100_000, total=10_000_000))
        self.key = f"page:tests:0:/{new_id()}"
        self.finish = Event()
        self.calls = 0
        self.error: Exception | None = None

    def compute(self) -> CachedResponse:
        self.calls += 1
        assert self.finish.wait(LIMIT)
        if self.error:
            raise self.error
        return RESPONSE

    def request(self, deadline: float = LIMIT) -> CachedResponse:
        return self.shared.run(self.key, self.compute, cache_seconds=60, deadline=deadline)

    def start(self, requests: int) -> list[Any]:
        """Start concurrent requests and wait until one of them computes the response."""
        waiting = [gevent.spawn(self.request) for _ in range(requests)]
        until(lambda: self.calls)
        return waiting


@pytest.fixture
def redis(settings: dict[str, Any], request: pytest.FixtureRequest) -> RedisClient:
    return RedisClient(getattr(request, "param", None) or settings["redis_url"])


@pytest.fixture
def computation(redis: RedisClient) -> Computation:
    return Computation(redis)


@pytest.mark.parametrize("redis", [None, "redis://127.0.0.1:9"], indirect=True, ids=["redis", "no redis"])
def test_concurrent_misses_make_one_call(computation: Computation) -> None:
    waiting = computation.start(MANY)
    computation.finish.set()
    assert [greenlet.get(timeout=LIMIT) for greenlet in waiting] == [RESPONSE] * MANY
    assert computation.calls == 1


def test_response_is_cached(computation: Computation, redis: RedisClient) -> None:
    computation.finish.set()
    computation.request()
    stored: Any = redis.execute("GET", computation.key)
    assert unpack(stored) == RESPONSE
    assert 0 < redis.execute("TTL", computation.key) <= 60


def test_error_is_raised_in_all_waiting_requests_and_in_no_later_one(computation: Computation) -> None:
    computation.error = NotFound("There is no such post.")
    waiting = computation.start(MANY)
    computation.finish.set()
    for greenlet in waiting:
        with pytest.raises(NotFound):
            greenlet.get(timeout=LIMIT)
    assert computation.calls == 1
    computation.error = None
    assert computation.request() == RESPONSE


def test_request_waits_no_longer_than_its_deadline(computation: Computation) -> None:
    (first,) = computation.start(1)
    with pytest.raises(DeadlineExceeded):
        computation.request(deadline=0.1)
    computation.finish.set()
    assert first.get(timeout=LIMIT) == RESPONSE


def test_waiting_requests_fail_when_the_computation_is_killed(computation: Computation) -> None:
    (first,) = computation.start(1)
    second = gevent.spawn(computation.request)
    gevent.idle()
    first.kill()
    with pytest.raises(Unavailable):
        second.get(timeout=LIMIT)


def test_join_returns_the_response_of_a_running_computation(computation: Computation) -> None:
    (first,) = computation.start(1)
    joined = gevent.spawn(computation.shared.join, computation.key, LIMIT)
    gevent.idle()
    computation.finish.set()
    assert joined.get(timeout=LIMIT) == first.get(timeout=LIMIT) == RESPONSE


def test_join_returns_none_without_a_computation(computation: Computation) -> None:
    assert computation.shared.join(computation.key, LIMIT) is None
