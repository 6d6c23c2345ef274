"""Reads the endpoints (OpenID Connect Discovery 1.0) and the keys (JWK Set, RFC 7517) of the identity provider."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore

from users.identities.settings import is_secure

LIFETIME = 3600  # seconds; then endpoints and keys are read again
SOONEST_REFRESH = 10  # seconds between two reads of the keys because of an unknown key id
RETRY = 2  # seconds after a failed read in which the next one is not tried

_WELL_KNOWN = "/.well-known/openid-configuration"

Fetch = Callable[[str], Any]  # returns the JSON at a URL; raises ProviderFailure


class ProviderFailure(Exception):
    """The provider is down, or its answer is not as the specification demands. The text has nothing confidential."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The provider's endpoints; `auth_method` is how the client authenticates at the token endpoint."""

    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    auth_method: str


class _Cached:
    """A document that is read again after LIFETIME; concurrent readers wait for one request."""

    def __init__(self, fetch: Callable[[], Any]) -> None:
        self._fetch = fetch
        self._lock = Semaphore(1)
        self._value: Any = None
        self._read_at = self._failed_at = -float("inf")
        self._failure = ""

    def get(self, max_age: float = LIFETIME) -> Any:
        """Return the document, read again if it is older than `max_age` seconds. Raises ProviderFailure."""
        with self._lock:
            now = time.monotonic()
            if self._value is not None and now - self._read_at < max_age:
                return self._value
            if now - self._failed_at < RETRY:
                raise ProviderFailure(self._failure)
            try:
                self._value = self._fetch()
            except (ProviderFailure, eventlet.Timeout) as error:
                self._failed_at, self._failure = time.monotonic(), str(error)
                raise
            self._read_at = time.monotonic()
            return self._value


class Discovery:
    """The endpoints and keys of an issuer."""

    def __init__(self, issuer: str, fetch: Fetch, *, has_secret: bool) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._has_secret = has_secret
        self._endpoints = _Cached(self._read_endpoints)
        self._keys = _Cached(self._read_keys)

    def endpoints(self) -> Endpoints:
        """Return the endpoints. Raises ProviderFailure."""
        found: Endpoints = self._endpoints.get()
        return found

    def keys(self, key_id: str | None) -> list[dict[str, Any]]:
        """Return the keys that have an id, or all if the token names none; read again, if it is unknown."""
        found = _with_id(self._keys.get(), key_id)
        return found or _with_id(self._keys.get(SOONEST_REFRESH), key_id)

    def _read_endpoints(self) -> Endpoints:
        document = self._fetch(self._issuer.rstrip("/") + _WELL_KNOWN)
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise ProviderFailure("the discovery document names another issuer than OIDC_ISSUER")
        urls = {name: document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        if wrong := [name for name, url in urls.items() if not is_secure(url)]:
            raise ProviderFailure(f"the discovery document has no valid {wrong[0]}")
        userinfo = document.get("userinfo_endpoint")
        return Endpoints(
            authorization=str(urls["authorization_endpoint"]),
            token=str(urls["token_endpoint"]),
            jwks=str(urls["jwks_uri"]),
            userinfo=userinfo if is_secure(userinfo) else None,
            auth_method=self._auth_method(document.get("token_endpoint_auth_methods_supported")),
        )

    def _auth_method(self, supported: object) -> str:
        """Return the method of RFC 6749, section 2.3.1, that the provider has; the default is client_secret_basic."""
        if not self._has_secret:
            return "none"
        only_post = isinstance(supported, list) and "client_secret_basic" not in supported
        return "client_secret_post" if only_post else "client_secret_basic"

    def _read_keys(self) -> list[dict[str, Any]]:
        document = self._fetch(self.endpoints().jwks)
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list):
            raise ProviderFailure("the key set is not valid")
        return [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]


def _with_id(keys: list[dict[str, Any]], key_id: str | None) -> list[dict[str, Any]]:
    return [key for key in keys if key_id is None or key.get("kid") == key_id]
