"""Which users had an open websocket recently; the gateway writes the times to Redis."""

import logging
from collections.abc import Collection
from typing import Any

import redis

from chassis import clock
from chassis.provider import SharedProvider
from chassis.redis import connection
from notifications.contract import SEEN_FOR, seen_key

ALWAYS, IF_NOT_CONNECTED = "always", "when_away"

_log = logging.getLogger(__name__)


class Presence:
    """Finds users with an open websocket within the last `away_after` seconds.

    `settings` is the `delivery` section. With `when: always`, and while Redis is unavailable, no user counts as
    connected, so everything is sent.
    """

    def __init__(self, client: "redis.Redis", settings: dict[str, Any]) -> None:
        if settings["when"] not in (ALWAYS, IF_NOT_CONNECTED):
            raise ValueError(f"delivery.when (DELIVER_WHEN): expected {ALWAYS} or {IF_NOT_CONNECTED}")
        if not isinstance(settings["away_after"], int) or not 1 <= settings["away_after"] <= SEEN_FOR:
            raise ValueError(f"delivery.away_after (AWAY_AFTER): expected seconds from 1 to {SEEN_FOR}")
        self._client = client
        self._enabled = settings["when"] == IF_NOT_CONNECTED
        self._seconds: int = settings["away_after"]

    def connected(self, users: Collection[str]) -> set[str]:
        """Return which of these users are connected, in one round trip."""
        if not self._enabled or not users:
            return set()
        users = list(users)
        try:
            times = self._client.mget([seen_key(user) for user in users])
        except redis.RedisError as error:
            _log.warning("presence is unknown, no user counts as connected: %s", type(error).__name__)
            return set()
        oldest = clock.now().timestamp() - self._seconds
        return {user for user, seen_at in zip(users, times, strict=True) if seen_at and int(seen_at) >= oldest}


class PresenceProvider(SharedProvider[Presence]):
    """Provides Presence."""

    def create(self) -> Presence:
        """Create the Redis client; it connects later."""
        config = self.container.config
        return Presence(connection.connect(config["redis_url"]), config["notifications"]["delivery"])
