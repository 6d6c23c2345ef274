"""The memory that cached responses take in Redis."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import ResponseCache, cached_response

LARGEST, TOTAL = 20_000, 200_000  # bytes
INDEX, SIZE = "pages", "pages:size"


@pytest.fixture
def redis(settings: dict[str, Any]) -> Iterator[Redis]:
    """Redis without other cached responses."""
    with Redis.from_url(settings["redis_url"]) as client:
        client.delete(INDEX, SIZE)
        yield client
        client.delete(INDEX, SIZE)


@pytest.fixture
def cache(settings: dict[str, Any], redis: Redis) -> ResponseCache:
    assert redis
    return ResponseCache(RedisClient(settings["redis_url"]), LARGEST, TOTAL)


def test_all_responses_together_stay_within_the_budget(cache: ResponseCache, redis: Redis) -> None:
    keys = [f"page:tests:0:{new_id()}" for _ in range(100)]
    for key in keys:
        cache.store(key, cached_response(b"x" * 10_000), 60)
    stored = [key for key in keys if redis.exists(key)]
    assert stored == keys[-len(stored) :]  # the newest
    assert TOTAL / 2 < sum(int(redis.memory_usage(key) or 0) for key in stored) < TOTAL
    assert int(redis.get(SIZE) or 0) <= TOTAL
    assert redis.zcard(INDEX) == len(stored)


def test_response_larger_than_the_limit_is_not_cached(cache: ResponseCache, redis: Redis) -> None:
    key = f"page:tests:0:{new_id()}"
    cache.store(key, cached_response(b"x" * LARGEST), 60)
    assert not redis.exists(key)
    cache.store(key, cached_response(b"x" * (LARGEST - 100)), 60)
    assert redis.exists(key)


def test_expired_responses_give_their_memory_back(cache: ResponseCache, redis: Redis) -> None:
    for _ in range(10):
        cache.store(f"page:tests:0:{new_id()}", cached_response(b"x" * 10_000), 60)
    for entry, expiry in redis.zscan_iter(INDEX):
        redis.zadd(INDEX, {entry: expiry - 120})  # as if two minutes had passed
    cache.store(f"page:tests:0:{new_id()}", cached_response(b"x" * 10_000), 60)
    assert redis.zcard(INDEX) == 1
    assert 10_000 < int(redis.get(SIZE) or 0) < 11_000


def test_storing_a_response_again_counts_once(cache: ResponseCache, redis: Redis) -> None:
    key = f"page:tests:0:{new_id()}"
    for _ in range(100):
        cache.store(key, cached_response(b"x" * 10_000), 60)
    assert redis.zcard(INDEX) == 1
    assert 10_000 < int(redis.get(SIZE) or 0) < 11_000


def test_cache_works_on_after_its_index_is_lost(cache: ResponseCache, redis: Redis) -> None:
    redis.set(SIZE, 10 * TOTAL)
    key = f"page:tests:0:{new_id()}"
    cache.store(key, cached_response(b"x" * 10_000), 60)
    assert redis.exists(key)
    assert int(redis.get(SIZE) or 0) < 11_000
