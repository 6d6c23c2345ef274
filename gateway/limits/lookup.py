"""The guard's lookup in Redis: session, request count and cached response in one round trip."""

from dataclasses import dataclass
from pathlib import Path

from chassis.redis.cache_tags import tag_key
from gateway.cache.redis_client import RedisClient
from gateway.request.rates import Count, Rate
from users.contract import session_key

_SCRIPT = (Path(__file__).parent / "guard.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Found:
    """What Redis has; `session` is None if it is not there, and empty if the session has ended."""

    session: bytes | None
    count: Count
    cache_key: str | None
    cached: bytes | None


class Lookup:
    """Runs the guard's Lua script; `anon` and `user` are the general rates."""

    def __init__(self, redis: RedisClient, anon: Rate, user: Rate) -> None:
        self._redis = redis
        self._script = redis.script(_SCRIPT)
        self._windows = [anon.window, user.window]

    def find(self, token_hash: str | None, address: str, tag: str | None, name: str) -> Found:
        """Count the request and return what was found. Raises RedisUnavailable."""
        keys = [session_key(token_hash) if token_hash else "", f"rate:anon:{address}", tag_key(tag) if tag else ""]
        arguments = ["rate:user:", *self._windows, f"page:{tag}:", name]
        session, count, left, key, cached = self._redis.run(lambda: self._script(keys, arguments))
        return Found(session, Count(count, left), key.decode() if key else None, cached)
