"""The relying party (OpenID Connect Core 1.0): sends users to the identity provider, and learns who comes back."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import eventlet
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from eventlet.semaphore import Semaphore

from chassis.errors import Unavailable
from users import metrics
from users.contract import errors
from users.identities import http, id_token
from users.identities.claims import Claims
from users.identities.discovery import Discovery, Endpoints, ProviderFailure
from users.identities.settings import ProviderSettings

# What the libraries raise for an answer that is malformed: they expect the types of the specifications.
MALFORMED = (AuthlibBaseError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
LIMIT = 6  # seconds for all requests of a call; shorter than the deadline of the route
# Calls that may wait for the provider at a time in a process: far fewer than its workers, so that a provider that hangs
# does not hold the calls of others.
CONCURRENT = 8
_BYTES = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in at the provider's page."""

    url: str
    state: str
    nonce: str
    verifier: str


class RelyingParty:
    """This service as a client of the configured provider."""

    def __init__(self, settings: ProviderSettings, leeway: float) -> None:
        self.issuer = settings.issuer
        self._settings = settings
        self._leeway = leeway
        self._discovery = Discovery(settings.issuer, self._get, has_secret=bool(settings.client_secret))
        self._free = Semaphore(CONCURRENT)

    def begin(self) -> Begun:
        """Return the page to which the user is sent. Raises Unavailable."""
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        with self._bounded():
            endpoints = self._discovery.endpoints()
            with self._session(endpoints) as session:
                url, _ = session.create_authorization_url(
                    endpoints.authorization, state, code_verifier=verifier, nonce=nonce
                )
        return Begun(url, state, nonce, verifier)

    def finish(self, code: str, nonce: str, verifier: str) -> Claims:
        """Exchange the code of a sign-in, and return who the user is. Raises Invalid, Unavailable."""
        with self._bounded():
            endpoints = self._discovery.endpoints()
            with self._session(endpoints) as session:
                token = self._exchange(session, endpoints, code, verifier)
                access_token = token.get("access_token")
                expected = id_token.Expected(
                    self._settings, nonce, access_token if isinstance(access_token, str) else None, self._leeway
                )
                claims = id_token.verify(token.get("id_token"), self._discovery.keys, expected)
                if "email" not in claims and endpoints.userinfo and access_token:
                    claims = self._with_userinfo(session, endpoints.userinfo, claims)
        return _claims(claims)

    def _exchange(self, session: OAuth2Session, endpoints: Endpoints, code: str, verifier: str) -> dict[str, Any]:
        try:
            token: dict[str, Any] = session.fetch_token(
                endpoints.token, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        except AuthlibBaseError as error:
            if error.error == "invalid_grant":
                raise errors.identity_code_rejected() from error
            raise ProviderFailure(
                "the token endpoint rejected the request; check the client's id and secret"
            ) from error
        return token

    def _with_userinfo(self, session: OAuth2Session, url: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Add the claims of the userinfo endpoint (section 5.3), if they are of the same user."""
        found = _json(session.get(url))
        if not isinstance(found, dict) or found.get("sub") != claims["sub"]:
            raise ProviderFailure("the userinfo is of another user")
        return found | claims

    def _get(self, url: str) -> Any:
        with requests.Session() as session:
            http.limit(session)
            try:
                return _json(session.get(url))
            except (requests.RequestException, RecursionError) as error:
                raise ProviderFailure(type(error).__name__) from error

    def _session(self, endpoints: Endpoints) -> OAuth2Session:
        session = OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret or None,
            token_endpoint_auth_method=endpoints.auth_method,
            scope=self._settings.scope,
            redirect_uri=self._settings.redirect_url,
            code_challenge_method="S256",
        )
        http.limit(session)
        return session

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Limit the time and the number of calls, and raise Unavailable for all trouble of the provider."""
        if not self._free.acquire(blocking=False):
            raise unavailable("Too many sign-ins wait for the identity provider.")
        try:
            with eventlet.Timeout(LIMIT):
                yield
        except eventlet.Timeout:
            raise _failed("no answer in time") from None
        except id_token.WrongNonceError:
            raise errors.identity_code_rejected() from None
        except ProviderFailure as error:
            raise _failed(str(error)) from error
        except (requests.RequestException, *MALFORMED) as error:
            raise _failed(type(error).__name__) from error
        finally:
            self._free.release()


def unavailable(detail: str = "The identity provider is unavailable.") -> Unavailable:
    """Return the error for trouble of the provider."""
    metrics.PROVIDER_SIGN_INS.labels("unavailable").inc()
    return errors.identity_provider_unavailable(detail)


def _failed(reason: str) -> Unavailable:
    _log.warning("the identity provider is unavailable: %s", reason)
    return unavailable()


def _json(response: requests.Response) -> Any:
    if not response.ok:
        raise ProviderFailure(f"HTTP {response.status_code}")
    return response.json()


def _claims(claims: dict[str, Any]) -> Claims:
    email, username = claims.get("email"), claims.get("preferred_username")
    is_verified = claims.get("email_verified") is True and isinstance(email, str)
    return Claims(claims["sub"], email if is_verified else None, username if isinstance(username, str) else None)
