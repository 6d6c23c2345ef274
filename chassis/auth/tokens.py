"""Signed tokens between services (JWT, RFC 7519, HS256): the calling service, its user, and the called service."""

import time
from functools import lru_cache
from typing import Any

import jwt

from chassis.auth.caller import Caller
from chassis.auth.keyring import Key, Keyring
from chassis.errors import Unauthenticated

ALGORITHM = "HS256"
LIFETIME = 60  # seconds
REISSUE = 20  # seconds during which an Issuer returns the same token; far below LIFETIME


def issue(caller: Caller, audience: str, key: Key, *, subject: str | None = None) -> str:
    """Return a signed token for one audience: the name of the called service, or `events`.

    With `subject`, the id of an event, the token is valid for that event only and does not expire: an event may wait in
    a queue for hours.
    """
    issued_at = int(time.time())
    claims: dict[str, Any] = {"iss": caller.service, "aud": audience, "iat": issued_at, "staff": caller.staff}
    claims |= {"jti": subject} if subject else {"exp": issued_at + LIFETIME}
    optional = {"sub": caller.user, "preferred_username": caller.username, "sid": caller.session}
    claims |= {name: value for name, value in optional.items() if value is not None}
    return jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.name})


def verify(token: object, audience: str, ring: Keyring, *, subject: str | None = None) -> Caller:
    """Return the caller. Raises Unauthenticated, which does not reveal what is wrong with the token."""
    try:
        claims = _claims(token, audience, ring, subject)
    except (jwt.InvalidTokenError, StopIteration, TypeError, ValueError, RecursionError) as error:
        raise Unauthenticated("The call carries no valid service token.", "bad_service_token") from error
    return Caller(
        service=claims["iss"],
        user=claims.get("sub"),
        username=claims.get("preferred_username"),
        session=claims.get("sid"),
        staff=claims["staff"] is True,
    )


def is_from_the_future(error: BaseException) -> bool:
    """Return whether `verify` raised this for a signed token that is not valid yet: its issuer's clock is ahead."""
    return isinstance(error.__cause__, jwt.ImmatureSignatureError)


def _claims(token: object, audience: str, ring: Keyring, subject: str | None) -> dict[str, Any]:
    if not isinstance(token, str):
        raise TypeError("no token")
    kid = jwt.get_unverified_header(token).get("kid")
    key = next(key for key in ring.keys if key.name == kid)
    required = ["iss", "aud", "iat", "staff", "jti" if subject else "exp"]
    claims: dict[str, Any] = jwt.decode(
        token,
        key.secret,
        [ALGORITHM],
        audience=audience,
        issuer=ring.issuers,
        leeway=ring.clock_skew,
        options={"require": required},
    )
    if subject is not None and claims["jti"] != subject:
        raise jwt.InvalidTokenError("issued for another event")
    return claims


class Issuer:
    """Issues tokens, and caches them for REISSUE seconds: a lookup costs less than a signature."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._issue = lru_cache(maxsize=4096)(self._issue_in_period)

    def token(self, caller: Caller, audience: str) -> str:
        """Return a token signed with the current key; it expires in LIFETIME - REISSUE seconds or later."""
        return self._issue(caller, audience, self._ring.signing, int(time.monotonic() / REISSUE))

    @staticmethod
    def _issue_in_period(caller: Caller, audience: str, key: Key, _period: int) -> str:
        return issue(caller, audience, key)
