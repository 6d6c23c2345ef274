"""Redis for services: cache tags, and live copies that the gateway's guard reads.

A cached page is stored under the version of its tag; the owner of the data raises the version after the commit and
before the reply, so no page that is older than an answered write is ever found again.
"""

import logging
from typing import Any

import eventlet
import redis
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

TIMEOUT = 1  # seconds; Redis answers at once or is away
RETRY = 0.5  # seconds

_log = logging.getLogger(__name__)


def connect(url: str, **options: Any) -> "redis.Redis":
    """Return a client with deadlines; it connects when it is first used."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, **options)


def tag_key(tag: str) -> str:
    """Return the key of a tag's version."""
    return f"tag:{tag}"


class Redis(DependencyProvider):
    """Provides a Redis client; whoever uses it must do without when it raises redis.RedisError."""

    def setup(self) -> None:
        """Make the client; nothing connects yet."""
        self.client = connect(self.container.config["redis_url"])

    def get_dependency(self, worker_ctx: WorkerContext) -> "redis.Redis":  # noqa: ARG002 - Nameko's signature
        """Return the client that all workers share; it has a pool of its own."""
        return self.client


class Tags(Redis):
    """Provides `raise_version`."""

    def setup(self) -> None:
        """Start without debts."""
        super().setup()
        self._owed: set[str] = set()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Tags":  # noqa: ARG002 - Nameko's signature
        """Return itself."""
        return self

    def raise_version(self, tag: str) -> None:
        """Make every page under the tag unreachable.

        With Redis away the gateway reads no pages either; the version is raised as soon as it is back.
        """
        try:
            self.client.incr(tag_key(tag))
        except redis.RedisError as error:
            _log.warning("the version of tag %s will be raised later: %s", tag, type(error).__name__)
            if tag not in self._owed:
                self._owed.add(tag)
                self.container.spawn_managed_thread(lambda: self._pay(tag), identifier="cache tags")

    def _pay(self, tag: str) -> None:
        while tag in self._owed:
            eventlet.sleep(RETRY)
            try:
                self.client.incr(tag_key(tag))
                self._owed.discard(tag)
            except redis.RedisError:
                continue
