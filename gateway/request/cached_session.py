"""The sessions that users caches in Redis."""

import time
from functools import lru_cache

from pydantic import ValidationError

from chassis.auth import tokens
from chassis.auth.keyring import Keyring
from chassis.errors import Unavailable
from users.contract import CachedIdentity, Identity

CACHED = 4096  # sessions that a process remembers as verified


class CachedSessions:
    """Reads cached sessions: only users can sign them, although every service can write to Redis."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._verified = lru_cache(maxsize=CACHED)(self._verify)

    def identity(self, session: bytes, token_hash: str) -> Identity | None:
        """Return the identity in the cached session of a token; None if it is not valid or has expired."""
        try:
            identity, until = self._verified(session, token_hash)
        except (Unavailable, ValidationError):
            return None
        return identity if time.time() < until else None

    def _verify(self, session: bytes, token_hash: str) -> tuple[Identity, float]:
        """Return the identity, and when it expires, in seconds of `time.time`."""
        signed = CachedIdentity.model_validate_json(session).signed
        text, until = tokens.signed_text(signed, "users", self._ring, subject=token_hash)
        identity = Identity.model_validate_json(text)
        return identity, min(until, identity.expires_at.timestamp() + self._ring.clock_skew)
