"""Who is in front of a screen, as the gateway notes it: they need no mail to learn what they have just seen."""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import redis
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis import clock
from chassis.redis import connection
from notifications.contract import SEEN_FOR, seen_key

ALWAYS, WHEN_AWAY = "always", "when_away"

_log = logging.getLogger(__name__)


class Presence:
    """Knows who had an open websocket within the last `away_after` seconds; `rules` is the `delivery` section.

    With `when: always` nobody counts as being there, and without Redis nobody is known to be: the mail goes.
    """

    def __init__(self, client: "redis.Redis", rules: dict[str, Any]) -> None:
        if rules["when"] not in (ALWAYS, WHEN_AWAY):
            raise ValueError(f"delivery.when (DELIVER_WHEN): expected {ALWAYS} or {WHEN_AWAY}")
        if not isinstance(rules["away_after"], int) or not 1 <= rules["away_after"] <= SEEN_FOR:
            raise ValueError(f"delivery.away_after (AWAY_AFTER): expected seconds from 1 to {SEEN_FOR}")
        self._client = client
        self._asked = rules["when"] == WHEN_AWAY
        self._away_after: int = rules["away_after"]

    def there(self, users: Collection[str]) -> set[str]:
        """Return those of them who are there, in one round trip."""
        if not self._asked or not users:
            return set()
        users = list(users)
        try:
            moments = self._client.mget([seen_key(user) for user in users])
        except redis.RedisError as error:
            _log.warning("nobody can tell who is connected: %s", type(error).__name__)
            return set()
        oldest = clock.now().timestamp() - self._away_after
        return {user for user, moment in zip(users, moments, strict=True) if moment and int(moment) >= oldest}


class PresenceProvider(DependencyProvider):
    """Provides Presence."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Presence: ...

    def setup(self) -> None:
        """Make the client; nothing connects yet."""
        config = self.container.config
        self._presence = Presence(connection.connect(config["redis_url"]), config["notifications"]["delivery"])

    def get_dependency(self, worker_ctx: WorkerContext) -> Presence:  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._presence
