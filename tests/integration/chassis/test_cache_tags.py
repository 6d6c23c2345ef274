"""Cache tags: shared increments, and while Redis is unavailable."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest

from chassis.ids import new_id
from chassis.redis import cache_tags
from chassis.redis.cache_tags import CacheTags, tag_key
from chassis.redis.connection import connect
from tests.integration.chassis.conftest import Until
from tests.integration.conftest import Settings
from tests.integration.support.tcp_proxy import TcpProxy


@pytest.fixture
def redis_proxy(settings: Settings) -> Iterator[TcpProxy]:
    proxy = TcpProxy(settings["redis_url"])
    yield proxy
    proxy.close()


def test_invalidation_that_failed_is_repeated_until_redis_is_available(
    redis_proxy: TcpProxy, redis: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_tags, "RETRY_DELAY", 0.05)
    tag, other = f"test-{new_id()}", f"test-{new_id()}"
    with connect(redis_proxy.uri) as client:
        tags = CacheTags(client, eventlet.spawn)
        tags.invalidate(tag, other)
        first, unchanged = redis.mget(tag_key(tag), tag_key(other))
        assert first != unchanged
        redis_proxy.cut()
        tags.invalidate(tag)
        tags.invalidate(tag)
        redis_proxy.restore()
        until(lambda: redis.get(tag_key(tag)) != first)
        assert redis.get(tag_key(other)) == unchanged
    redis.delete(tag_key(tag), tag_key(other))


def test_version_can_be_incremented_by_services_of_the_previous_release(redis: Any) -> None:
    tag = f"test-{new_id()}"
    CacheTags(redis, eventlet.spawn).invalidate(tag)
    version = int(redis.get(tag_key(tag)))
    assert redis.incr(tag_key(tag)) == version + 1
    assert 0 < redis.ttl(tag_key(tag)) <= cache_tags.LIFETIME
    redis.delete(tag_key(tag))


def test_invalidations_that_are_due_together_share_an_increment_that_begins_after_them(
    settings: Settings, redis: Any
) -> None:
    tag = f"test-{new_id()}"
    with connect(settings["redis_url"]) as client:
        tags = CacheTags(client, eventlet.spawn)
        first, *others = [eventlet.spawn(tags.invalidate, tag) for _ in range(10)]
        first.wait()
        for other in others:
            other.wait()
    assert redis.get(tag_key(tag)) == "2", "one for the first, whose increment ran already, and one for the others"
    redis.delete(tag_key(tag))
