"""Rates, and the counters behind them: in Redis for all gateway processes together, in the process without it."""

import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from chassis.redis.cache_tags import tag_key
from chassis.redis.connection import connect
from users.contract import live_key

AWAY = 2  # seconds in which a Redis that failed is not asked again: each try may cost a timeout
_LUA = (Path(__file__).parent / "guard.lua").read_text(encoding="utf-8")
# Its first half alone would be late: whoever makes the page may finish between a look and an attempt to hold its key.
_TAKE = """
return redis.call("GET", KEYS[1]) or (redis.call("SET", KEYS[2], "", "NX", "EX", ARGV[1]) and 1 or 0)
"""
_RATE = re.compile(r"([1-9]\d{0,9})/(second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_MEMORY = 100_000  # counters that the process keeps while Redis is away

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    limit: int
    window: int


def parse_rate(text: str) -> Rate:
    """Read `100/hour`."""
    found = _RATE.fullmatch(text)
    if not found:
        raise SystemExit(f"config.yml: a rate reads like 100/hour, not {text!r}")
    return Rate(int(found[1]), _SECONDS[found[2]])


@dataclass(frozen=True, slots=True)
class Count:
    """Where a counter stands; `left` is the number of seconds until it starts again."""

    count: int
    left: int


@dataclass(frozen=True, slots=True)
class Look:
    """The answer to the guard's question; `session` is None if Redis does not know it, empty if it ended."""

    session: bytes | None
    count: Count
    page_key: str | None
    page: bytes | None


class RedisAway(Exception):
    """Redis cannot be asked right now."""


class Counters:
    """Redis as the gateway uses it: without Redis `look` raises RedisAway, `count` goes on in this process."""

    def __init__(self, url: str, rates: dict[str, Rate]) -> None:
        self.rates = rates
        self._redis = connect(url, max_connections=200)
        self._script = self._redis.register_script(_LUA)
        self._take = self._redis.register_script(_TAKE)
        self._away_until = 0.0
        self._memory: dict[str, tuple[int, float]] = {}

    def look(self, session: str | None, address: str, tag: str | None, page: str) -> Look:
        """Ask for session, count and page in one round trip."""
        keys = [live_key(session) if session else "", f"rate:anon:{address}", tag_key(tag) if tag else ""]
        windows = [self.rates["anon"].window, self.rates["user"].window]
        found = self._ask(lambda: self._script(keys, ["rate:user:", *windows, f"page:{tag}:", page]))
        key = found[3].decode() if found[3] else None
        return Look(found[0], Count(found[1], found[2]), key, found[4])

    def count(self, rate: Rate, name: str) -> Count:
        """Count one request."""
        key = f"rate:{name}"
        try:
            counted: Count = self._ask(lambda: self._count(key, rate.window))
        except RedisAway:
            return self._count_here(key, rate.window)
        return counted

    def hold(self, name: str, seconds: int) -> bool:
        """Take a name that nobody else may hold; False if somebody does. It is free again after `seconds` anyway."""
        try:
            return bool(self._ask(lambda: self._redis.set(f"hold:{name}", "", nx=True, ex=seconds)))
        except RedisAway:
            return True

    def let_go(self, name: str) -> None:
        """Give a name back."""
        try:
            self._ask(lambda: self._redis.delete(f"hold:{name}"))
        except RedisAway:
            return

    def take_page(self, key: str, seconds: int) -> tuple[bytes | None, bool]:
        """Return a page if it is there by now, else whether its key is ours to hold for so many seconds."""
        try:
            found = self._ask(lambda: self._take([key, f"hold:{key}"], [seconds]))
        except RedisAway:
            return None, True
        return (found, False) if isinstance(found, bytes) else (None, bool(found))

    def keep_page(self, key: str, page: bytes, seconds: int) -> None:
        """Cache a page; without Redis there is no cache."""
        try:
            self._ask(lambda: self._redis.set(key, page, ex=seconds))
        except RedisAway:
            return

    def invalidate(self, tag: str) -> None:
        """Make every page under the tag unreachable."""
        try:
            self._ask(lambda: self._redis.incr(tag_key(tag)))
        except RedisAway:
            return

    def _count(self, key: str, window: int) -> Count:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, 0, ex=window, nx=True)
            pipe.incr(key)
            pipe.ttl(key)
            _, count, left = pipe.execute()
        return Count(count, left)

    def _count_here(self, key: str, window: int) -> Count:
        """Count in this process: closed, if less exact, while Redis is away."""
        now = time.monotonic()
        count, end = self._memory.get(key, (0, 0.0))
        if end <= now:
            count, end = 0, now + window
        if len(self._memory) >= _MEMORY:
            self._memory.clear()
        self._memory[key] = (count + 1, end)
        return Count(count + 1, max(1, int(end - now)))

    def _ask(self, command: Any) -> Any:
        if time.monotonic() < self._away_until:
            raise RedisAway
        try:
            return command()
        except redis.RedisError as error:
            self._away_until = time.monotonic() + AWAY
            _log.warning("Redis is away: %s", type(error).__name__)
            raise RedisAway from error
