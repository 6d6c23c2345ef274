"""Cache tags for Nameko services."""

from functools import partial

from chassis.provider import SharedProvider
from chassis.redis.cache_tags import CacheTags
from chassis.redis.connection import connect


class CacheTagsProvider(SharedProvider[CacheTags]):
    """Provides CacheTags."""

    def create(self) -> CacheTags:
        """Create the client, which connects at its first command."""
        spawn = partial(self.container.spawn_managed_thread, identifier="cache tags")
        return CacheTags(connect(self.container.config["redis_url"]), spawn)
