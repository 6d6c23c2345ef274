"""The versions of cache tags, for the Nameko services that own cached data."""

import logging

import eventlet
import redis
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.redis.connection import connect, tag_key

RETRY = 0.5  # seconds

_log = logging.getLogger(__name__)


class CacheTags(DependencyProvider):
    """Provides itself: the versions of cache tags."""

    def setup(self) -> None:
        """Start without debts."""
        self._client = connect(self.container.config["redis_url"])
        self._owed: set[str] = set()

    def get_dependency(self, worker_ctx: WorkerContext) -> "CacheTags":  # noqa: ARG002 - Nameko's signature
        """Return itself."""
        return self

    def invalidate(self, tag: str) -> None:
        """Make every page under the tag unreachable.

        With Redis away the gateway reads no pages either; the version is raised as soon as it is back.
        """
        try:
            self._client.incr(tag_key(tag))
        except redis.RedisError as error:
            _log.warning("the version of tag %s will be raised later: %s", tag, type(error).__name__)
            self._owe(tag)

    def _owe(self, tag: str) -> None:
        if tag not in self._owed:
            self._owed.add(tag)
            self.container.spawn_managed_thread(lambda: self._pay(tag), identifier="cache tags")

    def _pay(self, tag: str) -> None:
        while tag in self._owed:
            eventlet.sleep(RETRY)
            try:
                self._client.incr(tag_key(tag))
            except redis.RedisError:
                continue
            self._owed.discard(tag)
