"""Concurrent misses of a cached response share one computation in a process."""

import random
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chassis.errors import DeadlineExceeded, NotFound, Unavailable
from chassis.ids import new_id
from gateway.cache import single_flight
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import CachedResponse, ResponseCache, cached_response, unpack
from gateway.cache.single_flight import Compute, SingleFlight
from gateway.request.cache_key import CacheKey
from tests.gateway.conftest import LIMIT, until

MANY = 20
RESPONSE = cached_response(b"page", '<next>; rel="next"')


class Computation:
    """A cached response of one process, which is computed when `finish` is set."""

    def __init__(self, redis: RedisClient) -> None:
        self.shared = SingleFlight(ResponseCache(redis, largest=100_000, total=10_000_000))
        self.name = f"/{new_id()}"
        self.key = self.key_of(0)
        self.finish = Event()
        self.calls = 0
        self.keys: list[CacheKey] = []
        self.error: Exception | None = None

    def key_of(self, version: int) -> CacheKey:
        """Return the key of a request that reads this version of the tag now."""
        return CacheKey(self.name, f"page:tests:{version}:{self.name}", {"tests": str(version)})

    def compute(self, key: CacheKey) -> CachedResponse:
        self.calls += 1
        self.keys.append(key)
        assert self.finish.wait(LIMIT)
        if self.error:
            raise self.error
        return RESPONSE

    def request(self, deadline: float = LIMIT, key: CacheKey | None = None) -> CachedResponse:
        """Do what the guard and the view do."""
        return self.respond(key or self.key, self.compute, deadline)

    def respond(self, key: CacheKey, compute: Compute, deadline: float = LIMIT) -> CachedResponse:
        response, key = self.shared.join(key, deadline)
        return response or self.shared.run(key, compute, cache_seconds=60, deadline=deadline)

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


def test_computed_response_is_stored_for_its_lifetime(computation: Computation, redis: RedisClient) -> None:
    computation.finish.set()
    computation.request()
    stored: Any = redis.execute("GET", computation.key.redis_key)
    assert unpack(stored) == RESPONSE
    assert 0 < redis.execute("TTL", computation.key.redis_key) <= 60


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
    assert joined.get(timeout=LIMIT) == (first.get(timeout=LIMIT), computation.key) == (RESPONSE, computation.key)


def test_join_returns_none_without_a_computation(computation: Computation) -> None:
    assert computation.shared.join(computation.key, LIMIT) == (None, computation.key)


def test_requests_with_newer_versions_share_the_next_computation(computation: Computation, redis: RedisClient) -> None:
    (first,) = computation.start(1)
    keys = [computation.key_of(version) for version in (1, 2, 3)]
    waiting = [gevent.spawn(computation.request, key=key) for key in (keys[2], keys[0], keys[1])]
    gevent.idle()
    assert computation.calls == 1
    computation.finish.set()
    assert [greenlet.get(timeout=LIMIT) for greenlet in [first, *waiting]] == [RESPONSE] * 4
    assert computation.keys == [computation.key, keys[2]]
    assert redis.execute("GET", keys[2].redis_key)
    assert not redis.execute("GET", keys[0].redis_key)


def test_request_with_older_versions_shares_a_computation_that_began_later(computation: Computation) -> None:
    older, computation.key = computation.key, computation.key_of(1)
    (first,) = computation.start(1)
    second = gevent.spawn(computation.request, key=older)
    gevent.idle()
    computation.finish.set()
    assert first.get(timeout=LIMIT) == second.get(timeout=LIMIT) == RESPONSE
    assert computation.calls == 1


def test_request_with_newer_versions_does_not_wait_long(
    computation: Computation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_flight, "PATIENCE", 0.01)
    waiting = computation.start(1)
    waiting.append(gevent.spawn(computation.request, key=computation.key_of(1)))
    until(lambda: computation.calls == 2)
    computation.finish.set()
    assert [greenlet.get(timeout=LIMIT) for greenlet in waiting] == [RESPONSE] * 2


def test_error_of_an_older_computation_is_not_that_of_a_request_with_newer_versions(computation: Computation) -> None:
    computation.error = NotFound("There is no such post.")
    (first,) = computation.start(1)
    second = gevent.spawn(computation.request, key=computation.key_of(1))
    gevent.idle()
    first.link(lambda _first: setattr(computation, "error", None))
    computation.finish.set()
    assert second.get(timeout=LIMIT) == RESPONSE
    with pytest.raises(NotFound):
        first.get(timeout=LIMIT)


@pytest.mark.parametrize("seed", range(5))
def test_no_response_is_older_than_a_write_that_was_answered_before(computation: Computation, seed: int) -> None:
    """Reads and writes in random order. Authors' names are cached by the version in the key, so it must be as new."""
    chance, stored, reads = random.Random(seed), [0], []  # noqa: S311 - the same order in each run

    def compute(key: CacheKey) -> CachedResponse:
        oldest = min(stored[0], int(key.tag_versions["tests"]))
        gevent.sleep(chance.random() / 200)
        return cached_response(str(oldest).encode())

    def read() -> None:
        key = computation.key_of(stored[0])
        gevent.sleep(chance.choice((0, 0.001)))
        response = computation.respond(key, compute)
        reads.append((int(response.body), int(key.tag_versions["tests"])))

    greenlets = []
    for _ in range(300):
        if chance.random() < 0.2:
            stored[0] += 1
        greenlets.append(gevent.spawn(read))
        gevent.sleep(chance.random() / 1000)
    gevent.joinall(greenlets, timeout=LIMIT, raise_error=True)
    assert len(reads) == 300
    assert all(found >= answered for found, answered in reads)
