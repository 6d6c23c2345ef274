"""What the RPC methods of users have in common: the dependencies, the settings, and the cache of sessions."""

from functools import partial

from nameko.dependency_providers import Config
from sqlalchemy import ColumnElement

from chassis import clock
from chassis.auth import keyring
from chassis.db.database import Database
from chassis.service import PublishingService
from users import contract
from users.accounts.verification_policy import VerificationPolicyProvider
from users.codes import issuing
from users.credentials import failed_logins
from users.credentials.failed_logins import LoginLimits
from users.credentials.hashing import HasherProvider
from users.identities.relying_party_provider import RelyingPartyProvider
from users.management import invitations
from users.models import Base, UserSession
from users.sessions import lifecycle
from users.sessions import store as session_store
from users.sessions.cache import Identities, SessionCacheProvider
from users.sessions.lifecycle import SessionPolicy, StartedSession


class Dependencies(PublishingService):
    """Base of the classes with RPC methods."""

    config = Config()
    db = Database(Base, "users")
    hasher = HasherProvider()
    verification_policy = VerificationPolicyProvider()
    session_cache = SessionCacheProvider()
    relying_party = RelyingPartyProvider()

    @property
    def _registration(self) -> str:
        return str(self.config["users"].get("registration", invitations.OPEN))

    @property
    def _secrets(self) -> list[str]:
        return issuing.secrets_of(keyring.from_config(self.config))

    @property
    def _limits(self) -> LoginLimits:
        return failed_logins.limits_from_config(self.config["users"]["login"])

    @property
    def _policy(self) -> SessionPolicy:
        return lifecycle.policy_from_config(self.config["users"]["session"])

    def _cache_session(self, started: StartedSession) -> None:
        """Cache a session that began, and refresh those that it ended."""
        self.session_cache.add({contract.token_hash(started.session.token): started.identity})
        if started.ended:
            self._refresh_sessions(started.identity.user_id, UserSession.id.in_(started.ended))

    def _refresh_sessions(self, user_id: str, *conditions: ColumnElement[bool]) -> None:
        """Refresh the cached sessions of a user that meet the conditions, after a committed change."""
        self.session_cache.refresh(partial(self._recent_identities, user_id, *conditions))

    def _recent_identities(self, user_id: str, *conditions: ColumnElement[bool]) -> Identities:
        since = clock.now() - self.session_cache.tombstone_lifetime
        with self.db.read() as session:
            found = session_store.recent_sessions(session, user_id, since, *conditions)
            return self.session_cache.identities(found)
