"""Cache tags: shared changes, and while Redis is unavailable."""

from collections.abc import Iterable, Iterator
from typing import Any

import eventlet
import pytest

from chassis.ids import new_id
from chassis.redis import cache_tags
from chassis.redis.cache_tags import CacheTags, tag_key
from chassis.redis.connection import connect
from tests.integration.conftest import Settings, Until
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


def test_invalidations_that_are_due_together_share_a_change_that_begins_after_them(
    settings: Settings, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"test-{new_id()}" for _ in range(10)]
    changes: list[set[str]] = []
    change = CacheTags._change  # noqa: SLF001 - one round trip

    def record(self: CacheTags, tags: Iterable[str]) -> None:
        changes.append(set(tags))
        change(self, tags)

    monkeypatch.setattr(CacheTags, "_change", record)
    with connect(settings["redis_url"]) as client:
        tags = CacheTags(client, eventlet.spawn)
        for greenlet in [eventlet.spawn(tags.invalidate, name) for name in names]:
            greenlet.wait()
    assert changes == [{names[0]}, {*names[1:]}], "one for the first, which ran already, and one for the others"
    assert all(redis.getdel(tag_key(name)) for name in names)
