"""Caches sessions in Redis, where the gateway reads them instead of calling `users.authenticate`."""

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

_SET_UNLESS_ENDED = "if redis.call('GET', KEYS[1]) ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end"

_log = logging.getLogger(__name__)


class SessionCache:
    """Writes cached sessions. If Redis is unavailable, existing ones expire within `seconds`.

    An empty value, a tombstone, means that the session ended. Only its expiry removes it. It outlives every call in
    progress, so a call that read the session before its end cannot cache it again.
    """

    def __init__(self, client: "redis.Redis", seconds: int) -> None:
        self._client = client
        self._seconds = seconds
        self.tombstone_lifetime = timedelta(seconds=2 * seconds)

    def add(self, token_hash: str, identity: contract.Identity) -> None:
        """Cache a session unless it is cached: the cached one is at least as new as what the caller read."""
        key, value = contract.session_key(token_hash), identity.model_dump_json()
        try:
            self._client.set(key, value, nx=True, px=self._milliseconds(identity))
        except redis.RedisError as error:
            _log.warning("a session could not be cached: %s", type(error).__name__)

    def refresh(self, sessions: Iterable[tuple[UserSession, User]]) -> None:
        """Overwrite cached sessions after a change in the database."""
        with self._client.pipeline(transaction=False) as pipeline:
            for session, user in sessions:
                key = contract.session_key(session.token_hash)
                if session.is_live(user):
                    identity = serializers.identity(user, session)
                    lifetime = str(self._milliseconds(identity))
                    pipeline.eval(_SET_UNLESS_ENDED, 1, key, identity.model_dump_json(), lifetime)
                else:
                    pipeline.set(key, "", px=self.tombstone_lifetime)
            self._execute(pipeline)

    def end(self, token_hashes: Iterable[str]) -> None:
        """Set tombstones for sessions that were deleted from the database."""
        with self._client.pipeline(transaction=False) as pipeline:
            for token_hash in token_hashes:
                pipeline.set(contract.session_key(token_hash), "", px=self.tombstone_lifetime)
            self._execute(pipeline)

    def _execute(self, pipeline: "redis.client.Pipeline") -> None:
        try:
            pipeline.execute()
        except redis.RedisError as error:
            _log.warning(
                "cached sessions could not be changed and expire in %s seconds: %s", self._seconds, type(error).__name__
            )

    def _milliseconds(self, identity: contract.Identity) -> int:
        """Return the lifetime of a cached session: at most until the session expires."""
        remaining = (identity.expires_at - clock.now()).total_seconds()
        return max(1, int(1000 * min(self._seconds, remaining)))


class SessionCacheProvider(DependencyProvider):
    """Provides the process's SessionCache."""

    if TYPE_CHECKING:  # Nameko replaces the attribute with the result of get_dependency

        def __get__(self, service: object, owner: type) -> SessionCache: ...

    def setup(self) -> None:
        """Create the client; it does not connect yet."""
        config = self.container.config
        self._cache = SessionCache(connection.connect(config["redis_url"]), config["users"]["session"]["cache"])

    def get_dependency(self, worker_ctx: WorkerContext) -> SessionCache:  # noqa: ARG002 - Nameko's signature
        """Return the cache, which all workers share."""
        return self._cache
