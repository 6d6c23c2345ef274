"""Cached responses that a process keeps in its own memory, and their versions in Redis."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from chassis.ids import new_id
from chassis.redis.cache_tags import CacheTags, tag_key
from gateway.cache.local_cache import LocalCache
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import CachedResponse, ResponseCache, cached_response
from gateway.limits.lookup import Lookup
from gateway.request.rates import Rate

FIRST, SECOND = cached_response(b"first"), cached_response(b"second")


class Process:
    """A web process that reads the response `name`, which depends on two tags."""

    def __init__(self, settings: dict[str, Any]) -> None:
        redis = RedisClient(settings["redis_url"])
        self.tags, self.name = (f"lists-{new_id()}", f"post-{new_id()}"), f"/{new_id()}"
        self.key: str | None = None
        self._lookup = Lookup(redis, Rate(1000, 60), Rate(1000, 60), LocalCache(10_000))
        self._cache = ResponseCache(redis, 100_000, 1_000_000)

    def read(self) -> CachedResponse | None:
        found = self._lookup.find(None, f"tests-{new_id()}", self.tags, self.name)
        self.key = found.cache_key.redis_key if found.cache_key else None
        return found.cached

    def store(self, response: CachedResponse) -> None:
        assert self.key
        self._cache.store(self.key, response, 60)


@pytest.fixture
def redis(settings: dict[str, Any]) -> Iterator[Redis]:
    with Redis.from_url(settings["redis_url"]) as client:
        yield client


@pytest.fixture
def process(settings: dict[str, Any]) -> Process:
    return Process(settings)


@pytest.fixture
def warm(process: Process) -> Process:
    """Return a process that has the first response in its memory."""
    assert process.read() is None
    process.store(FIRST)
    assert process.read() == process.read() == FIRST
    return process


def test_response_in_memory_is_returned_without_its_body_in_redis(warm: Process, redis: Redis) -> None:
    redis.delete(str(warm.key))
    assert warm.read() == FIRST


@pytest.mark.parametrize("number", [0, 1])
def test_response_in_memory_is_not_returned_after_a_tag_was_invalidated(
    warm: Process, redis: Redis, number: int
) -> None:
    CacheTags(redis, lambda _function: None).invalidate(warm.tags[number])
    assert warm.read() is None
    warm.store(SECOND)
    assert warm.read() == warm.read() == SECOND


@pytest.mark.parametrize("invalidated", [True, False])
def test_response_in_memory_is_not_returned_after_redis_lost_its_data(
    warm: Process, redis: Redis, *, invalidated: bool
) -> None:
    if invalidated:
        CacheTags(redis, lambda _function: None).invalidate(*warm.tags)
        assert warm.read() is None
    redis.delete(*map(tag_key, warm.tags))
    assert warm.read() is None


def test_response_in_memory_expires_with_the_one_in_redis(process: Process, redis: Redis) -> None:
    process.read()
    process.store(FIRST)
    redis.pexpire(str(process.key), 1)
    while process.read() is not None:
        assert not redis.exists(str(process.key)) or redis.pttl(str(process.key)) <= 1
