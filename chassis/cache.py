"""Redis for Nameko services: the client, and the versions of cache tags."""

import logging
from typing import TYPE_CHECKING

import eventlet
import redis
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.redis_client import connect, tag_key

RETRY = 0.5  # seconds

_log = logging.getLogger(__name__)


class Redis(DependencyProvider):
    """Provides a Redis client; whoever uses it must do without when it raises redis.RedisError."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> "redis.Redis": ...

    def setup(self) -> None:
        """Make the client; nothing connects yet."""
        self.client = connect(self.container.config["redis_url"])

    def get_dependency(self, worker_ctx: WorkerContext) -> "redis.Redis":  # noqa: ARG002 - Nameko's signature
        """Return the client that all workers share; it has a pool of its own."""
        return self.client


class Tags(DependencyProvider):
    """Provides itself: the versions of cache tags."""

    def setup(self) -> None:
        """Start without debts."""
        self._client = connect(self.container.config["redis_url"])
        self._owed: set[str] = set()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Tags":  # noqa: ARG002 - Nameko's signature
        """Return itself."""
        return self

    def raise_version(self, tag: str) -> None:
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
