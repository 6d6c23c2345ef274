"""The cached responses that this process served last, so that it need not request their bodies from Redis."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from gateway.cache.response_cache import CachedResponse

OVERHEAD = 600  # bytes of an entry beside its texts: an estimate


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """A response, the version of its cache tags, and when it expires, in seconds of `time.monotonic`."""

    version: str
    response: CachedResponse
    expires_at: float


class LocalCache:
    """One response by name, of the version that was served last; all together have `total` bytes at most."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._entries: OrderedDict[str, LocalEntry] = OrderedDict()  # that which was used least recently first

    def get(self, name: str) -> LocalEntry | None:
        """Return an entry that has not expired."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.expires_at <= time.monotonic():
            self._remove(name)
            return None
        self._entries.move_to_end(name)
        return entry

    def put(self, name: str, version: str, response: CachedResponse, seconds: float) -> None:
        """Store a response for some seconds in place of one of another version."""
        self._remove(name)
        self._entries[name] = LocalEntry(version, response, time.monotonic() + seconds)
        self._left -= _size(name, response)
        while self._left < 0:
            self._remove(next(iter(self._entries)))

    def _remove(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._left += _size(name, entry.response)


def _size(name: str, response: CachedResponse) -> int:
    return len(name) + len(response.body) + len(response.link) + OVERHEAD
