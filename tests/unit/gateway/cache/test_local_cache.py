"""Cached responses in the memory of a web process."""

import pytest

from gateway.cache.local_cache import OVERHEAD, LocalCache
from gateway.cache.response_cache import CachedResponse

RESPONSE = CachedResponse(b"x" * 1000, '"etag"')
SIZE = 1000 + OVERHEAD + len("/0")


def names(cache: LocalCache) -> list[str]:
    return [name for name in (f"/{number}" for number in range(10)) if cache.get(name)]


def test_responses_used_least_recently_make_room_for_others() -> None:
    cache = LocalCache(3 * SIZE)
    for name in ("/0", "/1", "/2"):
        cache.put(name, "1", RESPONSE, 60)
    cache.get("/0")
    cache.put("/3", "1", RESPONSE, 60)
    assert names(cache) == ["/0", "/2", "/3"]


def test_newer_version_replaces_the_older_one() -> None:
    cache = LocalCache(SIZE)
    for version in ("1", "2"):
        cache.put("/0", version, RESPONSE, 60)
    entry = cache.get("/0")
    assert entry is not None
    assert entry.version == "2"


def test_response_larger_than_the_cache_is_not_stored() -> None:
    cache = LocalCache(SIZE - 1)
    cache.put("/0", "1", RESPONSE, 60)
    assert cache.get("/0") is None
    cache.put("/0", "1", CachedResponse(b"", '"etag"'), 60)
    assert cache.get("/0") is not None


def test_expired_response_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    cache = LocalCache(SIZE)
    cache.put("/0", "1", RESPONSE, 60)
    now += 59
    assert cache.get("/0") is not None
    now += 1
    assert cache.get("/0") is None
