"""The copies of live sessions in Redis, which spare the gateway a call."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import redis
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis import clock
from chassis.redis import connection
from users import contract, serializers
from users.models import User, UserSession

# Nothing but time removes a tombstone.
_SET_UNLESS_ENDED = "if redis.call('GET', KEYS[1]) ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end"

_log = logging.getLogger(__name__)


class LiveSessions:
    """Writes the copies. Redis may be away: then the gateway asks us, and old copies die within `seconds`.

    An empty copy, a tombstone, says that the session ended. It outlives every call that is under way, so that none
    of them, having read the database before the end, can bring the session back.
    """

    def __init__(self, client: "redis.Redis", seconds: int) -> None:
        self._client = client
        self._seconds = seconds
        self.memory = timedelta(seconds=2 * seconds)  # for which an end is remembered

    def add(self, token_hash: str, identity: contract.Identity) -> None:
        """Write a copy where there is none; one that is there already is not older than what the caller knows."""
        key, copy = contract.live_key(token_hash), identity.model_dump_json()
        try:
            self._client.set(key, copy, nx=True, px=self._life(identity))
        except redis.RedisError as error:
            _log.warning("a live session was not copied: %s", type(error).__name__)

    def follow(self, sessions: Iterable[tuple[UserSession, User]]) -> None:
        """Make the copies say what the database says after a change."""
        with self._client.pipeline(transaction=False) as pipeline:
            for session, user in sessions:
                key = contract.live_key(session.token_hash)
                if session.is_live(user):
                    identity = serializers.identity(user, session)
                    pipeline.eval(_SET_UNLESS_ENDED, 1, key, identity.model_dump_json(), str(self._life(identity)))
                else:
                    pipeline.set(key, "", px=self.memory)
            self._execute(pipeline)

    def end(self, token_hashes: Iterable[str]) -> None:
        """Leave tombstones for sessions that the database does not know any more."""
        with self._client.pipeline(transaction=False) as pipeline:
            for token_hash in token_hashes:
                pipeline.set(contract.live_key(token_hash), "", px=self.memory)
            self._execute(pipeline)

    def _execute(self, pipeline: "redis.client.Pipeline") -> None:
        try:
            pipeline.execute()
        except redis.RedisError as error:
            _log.warning("copies of changed sessions live on for seconds: %s", type(error).__name__)

    def _life(self, identity: contract.Identity) -> int:
        """Return for how many milliseconds a copy may be read."""
        remaining = (identity.expires_at - clock.now()).total_seconds()
        return max(1, int(1000 * min(self._seconds, remaining)))


class LiveSessionsProvider(DependencyProvider):
    """Provides LiveSessions."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> LiveSessions: ...

    def setup(self) -> None:
        """Make the client; nothing connects yet."""
        config = self.container.config
        self._live = LiveSessions(connection.connect(config["redis_url"]), config["users"]["session"]["cache"])

    def get_dependency(self, worker_ctx: WorkerContext) -> LiveSessions:  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._live
