"""Repairs the session cache after a write failed: until then it has sessions that ended or changed."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import redis

RETRY_DELAY = 0.5  # seconds

_DELETE_UNLESS_ENDED = "if redis.call('GET', KEYS[1]) ~= '' then redis.call('DEL', KEYS[1]) end"

_log = logging.getLogger(__name__)


class CacheRepair:
    """Deletes outdated sessions at once, which works even if Redis is full, and sets tombstones as soon as possible.

    `spawn` runs a function in a greenlet of its own. `seconds` is the longest lifetime of a cached session: afterwards
    there is nothing to repair.
    """

    def __init__(
        self, client: "redis.Redis", spawn: Callable[[Callable[[], None]], object], seconds: int, tombstone: timedelta
    ) -> None:
        self._client = client
        self._spawn = spawn
        self._seconds = seconds
        self._tombstone = tombstone  # its lifetime
        self._pending: dict[str, tuple[bool, float]] = {}  # key: whether the session ended, when to give up
        self._running = False

    def add(self, keys: Mapping[str, bool]) -> None:
        """Repair cached sessions; the values are whether each session ended."""
        until = time.monotonic() + self._seconds
        for key, ended in keys.items():
            before = self._pending.get(key)
            self._pending[key] = ended or (before is not None and before[0]), until
        if not self._try() and not self._running:
            self._running = True
            self._spawn(self._run)

    def _run(self) -> None:
        try:
            while self._pending:
                time.sleep(RETRY_DELAY)
                self._try()
        finally:
            self._running = False

    def _try(self) -> bool:
        """Write what is pending; return whether nothing is left."""
        now = time.monotonic()
        self._pending = {key: entry for key, entry in self._pending.items() if entry[1] > now}
        tried = dict(self._pending)
        with self._client.pipeline(transaction=False) as pipeline:
            for key in tried:
                pipeline.eval(_DELETE_UNLESS_ENDED, 1, key)
            for key, (ended, _) in tried.items():
                if ended:
                    pipeline.set(key, "", px=self._tombstone)
            try:
                pipeline.execute()
            except redis.RedisError:
                return False
        for key, entry in tried.items():
            if self._pending.get(key) == entry:
                del self._pending[key]
        return not self._pending
