"""The guard's lookup in Redis: session, request count and cached response in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.redis.cache_tags import LIFETIME, new_version, tag_key
from gateway.cache.local_cache import LocalCache
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import CachedResponse, unpack
from gateway.request.cache_key import CacheKey
from gateway.request.rates import Count, Rate
from users.contract import session_key

_SCRIPT = (Path(__file__).parent / "guard.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; `session` is None if it is not in Redis, and empty if the session has ended."""

    session: bytes | None
    count: Count
    cache_key: CacheKey | None = None
    cached: CachedResponse | None = None


class Lookup:
    """Runs the guard's Lua script; `anon` and `user` are the general rates.

    A response that `local` has is returned from there if its tags still have the same version in Redis, so it is never
    older than an answered write.
    """

    def __init__(self, redis: RedisClient, anon: Rate, user: Rate, local: LocalCache) -> None:
        self._script = redis.script(_SCRIPT)
        self._windows = [anon.window, user.window]
        self._local = local

    def find(self, token_hash: str | None, address: str, tags: Sequence[str] = (), name: str = "") -> Found:
        """Count the request; find the response `name` that depends on `tags`. Raises RedisUnavailable."""
        keys = [session_key(token_hash) if token_hash else "", f"rate:anon:{address}", *map(tag_key, tags)]
        arguments: list[str | int] = ["rate:user:", *self._windows]
        if not tags:
            session, count, left, *_ = self._script(keys, arguments)
            return Found(session, Count(count, left))
        local, prefix = self._local.get(name), f"page:{tags[0]}:"
        arguments += [prefix, name, local.version if local else "", new_version(), LIFETIME]
        session, count, left, found, body, lifetime = self._script(keys, arguments)
        if found is None:
            return Found(session, Count(count, left))
        version = found.decode()
        if local is not None and version == local.version:
            response: CachedResponse | None = local.response
        else:
            response = unpack(body) if body else None
            if response is not None:
                self._local.put(name, version, response, lifetime / 1000)
        versions = dict(zip(tags, version.split("."), strict=True))
        return Found(session, Count(count, left), CacheKey(name, f"{prefix}{version}:{name}", versions), response)
