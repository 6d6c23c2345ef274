"""Cached responses: the body with its ETag and Link header, as one value in Redis."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gateway.cache.redis_client import RedisClient, RedisUnavailable
from gateway.request.context import Headers

_INDEX, _SIZE = "pages", "pages:size"  # keys of all cached responses
_STORE = (Path(__file__).parent / "store.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A cacheable response with status 200."""

    body: bytes
    etag: str
    link: str = ""

    def headers(self) -> Headers:
        """Return its headers; clients may store it but must revalidate."""
        link = [("Link", self.link)] if self.link else []
        return [
            ("Content-Type", "application/json"),
            ("ETag", self.etag),
            ("Cache-Control", "no-cache"),
            *link,
        ]

    def pack(self) -> bytes:
        """Return it as one value."""
        return b"\n".join((self.etag.encode(), self.link.encode(), self.body))

    def matches_etag(self, if_none_match: str) -> bool:
        """Return whether an If-None-Match header names this response (RFC 9110, section 13.1.2)."""
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return self.etag in tags or if_none_match.strip() == "*"


def cached_response(body: bytes, link: str = "") -> CachedResponse:
    """Return a response with an ETag computed from its body."""
    return CachedResponse(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', link)


def unpack(value: bytes) -> CachedResponse:
    """Return the response that `pack` made."""
    etag, link, body = value.split(b"\n", 2)
    return CachedResponse(body, etag.decode(), link.decode())


class ResponseCache:
    """Stores responses under the version of their cache tag; without Redis nothing is cached.

    A response may have `largest` bytes, and all together `total`. The rest of Redis' memory stays for sessions and
    counters.
    """

    def __init__(self, redis: RedisClient, largest: int, total: int) -> None:
        self._redis = redis
        self._store = redis.script(_STORE)
        self._largest = largest
        self._total = total

    def load(self, key: str) -> CachedResponse | None:
        """Return a cached response."""
        try:
            value = self._redis.execute("GET", key)
        except RedisUnavailable:
            return None
        return unpack(value) if value else None

    def store(self, key: str, response: CachedResponse, seconds: int) -> None:
        """Cache a response unless it is too large."""
        value = response.pack()
        if len(value) > self._largest:
            return
        try:
            self._store([key, _INDEX, _SIZE], [value, seconds, self._total])
        except RedisUnavailable:
            return
