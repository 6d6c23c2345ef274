"""Caches sessions in Redis, where the gateway reads them instead of calling `users.authenticate`."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial

import redis

from chassis import clock
from chassis.auth import keyring, tokens
from chassis.auth.keyring import Keyring
from chassis.provider import SharedProvider
from chassis.redis import connection
from users import contract
from users.models import User, UserSession
from users.sessions import serializers
from users.sessions.cache_repair import CacheRepair

_SET_UNLESS_ENDED = "if redis.call('GET', KEYS[1]) ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end"

Identities = dict[str, contract.Identity | None]  # of sessions, by the hashes of their tokens; None: it ended

_log = logging.getLogger(__name__)


class SessionCache:
    """Writes cached sessions. If Redis is unavailable or full, existing ones expire within `seconds`.

    An empty value, a tombstone, means that the session ended. Only its expiry removes it. It outlives every call in
    progress, so a call that read the session before its end cannot cache it again.
    """

    def __init__(
        self,
        client: "redis.Redis",
        seconds: int,
        spawn: Callable[[Callable[[], None]], object],
        ring: Keyring,
        *,
        staff_second_factor: bool,
    ) -> None:
        self._client = client
        self._ring = ring
        self._seconds = seconds
        self._staff_second_factor = staff_second_factor
        self.tombstone_lifetime = timedelta(seconds=2 * seconds)
        self._repair = CacheRepair(client, spawn, seconds, self.tombstone_lifetime)

    def add(self, identities: Mapping[str, contract.Identity]) -> None:
        """Cache sessions, by the hashes of their tokens, unless they are cached.

        What is cached is at least as new as what the caller read.
        """
        with self._client.pipeline(transaction=False) as pipeline:
            for token_hash, identity in identities.items():
                key, value = contract.session_key(token_hash), self._value(token_hash, identity)
                pipeline.set(key, value, nx=True, px=self._milliseconds(identity))
            try:
                pipeline.execute()
            except redis.RedisError as error:
                _log.warning("sessions could not be cached: %s", type(error).__name__)

    def identities(self, sessions: Iterable[tuple[UserSession, User]]) -> Identities:
        """Return the identities of sessions."""
        required = self._staff_second_factor
        return {
            session.token_hash: serializers.identity(user, session, staff_second_factor=required)
            if session.is_live(user)
            else None
            for session, user in sessions
        }

    def refresh(self, read: Callable[[], Identities]) -> None:
        """Overwrite cached sessions with what `read` returns, after a change in the database.

        Reads again after writing: a concurrent change may have been committed and written since, and been overwritten.
        """
        written: Identities = {}
        while (found := read()) != written:
            self._write(found)
            written = found

    def _write(self, identities: Identities) -> None:
        ended: dict[str, bool] = {}
        with self._client.pipeline(transaction=False) as pipeline:
            for token_hash, identity in identities.items():
                key = contract.session_key(token_hash)
                ended[key] = identity is None
                if identity is not None:
                    lifetime = str(self._milliseconds(identity))
                    pipeline.eval(_SET_UNLESS_ENDED, 1, key, self._value(token_hash, identity), lifetime)
                else:
                    pipeline.set(key, "", px=self.tombstone_lifetime)
            self._execute(pipeline, ended)

    def end(self, token_hashes: Iterable[str]) -> None:
        """Set tombstones for sessions that were deleted from the database."""
        keys = [contract.session_key(token_hash) for token_hash in token_hashes]
        with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.set(key, "", px=self.tombstone_lifetime)
            self._execute(pipeline, dict.fromkeys(keys, True))

    def _execute(self, pipeline: "redis.client.Pipeline", ended: Mapping[str, bool]) -> None:
        """Execute a pipeline; repair what failed, because a session that ended must not live on in the cache."""
        try:
            pipeline.execute()
        except redis.RedisError as error:
            _log.warning("cached sessions could not be changed at once: %s", type(error).__name__)
            self._repair.add(ended)

    def _value(self, token_hash: str, identity: contract.Identity) -> str:
        key, text = self._ring.signing("users"), identity.model_dump_json()
        signed = tokens.sign_text(text, "users", key, subject=token_hash, lifetime=self._seconds)
        return contract.CachedIdentity(**identity.model_dump(), signed=signed).model_dump_json()

    def _milliseconds(self, identity: contract.Identity) -> int:
        """Return the lifetime of a cached session: at most until the session expires."""
        remaining = (identity.expires_at - clock.now()).total_seconds()
        return max(1, int(1000 * min(self._seconds, remaining)))


class SessionCacheProvider(SharedProvider[SessionCache]):
    """Provides the process's SessionCache."""

    def create(self) -> SessionCache:
        """Create the client; it does not connect yet."""
        config = self.container.config
        settings = config["users"]["session"]
        spawn = partial(self.container.spawn_managed_thread, identifier="session cache")
        client = connection.connect(config["redis_url"])
        ring = keyring.from_config(config)
        required = settings.get("staff_second_factor", False)
        return SessionCache(client, settings["cache"], spawn, ring, staff_second_factor=required)
