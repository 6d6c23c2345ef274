"""Cache tags for Nameko services."""

from functools import partial

from nameko.containers import WorkerContext

from chassis.provider import Provider
from chassis.redis.cache_tags import CacheTags
from chassis.redis.connection import connect


class CacheTagsProvider(Provider[CacheTags]):
    """Provides CacheTags."""

    def setup(self) -> None:
        """Create the client, which connects at its first command."""
        spawn = partial(self.container.spawn_managed_thread, identifier="cache tags")
        self._tags = CacheTags(connect(self.container.config["redis_url"]), spawn)

    def get_dependency(self, worker_ctx: WorkerContext) -> CacheTags:  # noqa: ARG002 - Nameko's signature
        """Return the cache tags, which all workers share."""
        return self._tags
