"""Concurrent misses of a cached response share one computation in a process."""

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chassis.errors import DeadlineExceeded, NotFound, Unavailable
from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import CachedResponse, ResponseCache, cached_response, unpack
from gateway.cache.single_flight import SingleFlight

MANY = 20
LIMIT = 5  # seconds
RESPONSE = cached_response(b"page", '<next>; rel="next"')


class Computation:
    """Computes a response when `finish` is set."""

    def __init__(self) -> None:
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

    def run(self, flight: SingleFlight, deadline: float = LIMIT) -> CachedResponse:
        return flight.run(self.key, self.compute, cache_seconds=60, deadline=deadline)


@pytest.fixture
def computation() -> Computation:
    return Computation()


@pytest.fixture
def redis(settings: dict[str, Any]) -> RedisClient:
    return RedisClient(settings["redis_url"])


@pytest.fixture
def flight(redis: RedisClient) -> SingleFlight:
    return SingleFlight(ResponseCache(redis))


def until(fact: Callable[[], object]) -> None:
    with gevent.Timeout(LIMIT):
        while not fact():
            gevent.sleep(0.01)


def test_concurrent_misses_make_one_call(flight: SingleFlight, computation: Computation) -> None:
    waiting = [gevent.spawn(computation.run, flight) for _ in range(MANY)]
    until(lambda: computation.calls)
    computation.finish.set()
    assert [greenlet.get(timeout=LIMIT) for greenlet in waiting] == [RESPONSE] * MANY
    assert computation.calls == 1


def test_response_is_cached(flight: SingleFlight, computation: Computation, redis: RedisClient) -> None:
    computation.finish.set()
    computation.run(flight)
    stored: Any = redis.connection.get(computation.key)
    assert unpack(stored) == RESPONSE
    assert 0 < int(redis.connection.ttl(computation.key)) <= 60


def test_error_is_raised_in_all_waiting_requests_and_in_no_later_one(
    flight: SingleFlight, computation: Computation
) -> None:
    computation.error = NotFound("There is no such post.")
    waiting = [gevent.spawn(computation.run, flight) for _ in range(MANY)]
    until(lambda: computation.calls)
    computation.finish.set()
    for greenlet in waiting:
        with pytest.raises(NotFound):
            greenlet.get(timeout=LIMIT)
    assert computation.calls == 1
    computation.error = None
    assert computation.run(flight) == RESPONSE


def test_request_waits_no_longer_than_its_deadline(flight: SingleFlight, computation: Computation) -> None:
    first = gevent.spawn(computation.run, flight)
    until(lambda: computation.calls)
    with pytest.raises(DeadlineExceeded):
        computation.run(flight, deadline=0.1)
    computation.finish.set()
    assert first.get(timeout=LIMIT) == RESPONSE


def test_waiting_requests_fail_when_the_computation_is_killed(flight: SingleFlight, computation: Computation) -> None:
    first = gevent.spawn(computation.run, flight)
    until(lambda: computation.calls)
    second = gevent.spawn(computation.run, flight)
    gevent.idle()
    first.kill()
    with pytest.raises(Unavailable):
        second.get(timeout=LIMIT)


def test_without_redis_concurrent_misses_still_make_one_call(computation: Computation) -> None:
    flight = SingleFlight(ResponseCache(RedisClient("redis://127.0.0.1:9")))
    waiting = [gevent.spawn(computation.run, flight) for _ in range(MANY)]
    until(lambda: computation.calls)
    computation.finish.set()
    assert {greenlet.get(timeout=LIMIT).body for greenlet in waiting} == {b"page"}
    assert computation.calls == 1
