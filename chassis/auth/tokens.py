"""Signed tokens between services (JWT, RFC 7519, EdDSA): the calling service, its user, and the called service."""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jwt

from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring
from chassis.auth.keys import Key
from chassis.errors import Unavailable

BAD_TOKEN = "bad_service_token"  # noqa: S105 - the code of an error
TEXTS = "texts"  # audience of signed texts
LIFETIME = 60  # seconds
REISSUE = 20  # seconds during which an Issuer returns the same token; far below LIFETIME
CACHED = 4096  # tokens that a process remembers as verified


class _UnknownKeyError(jwt.InvalidTokenError):
    """No key has the id in the token's header."""


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
    return key.sign(claims)


def verify(token: object, audience: str, ring: Keyring, *, subject: str | None = None) -> Caller:
    """Return the caller; its user only if the issuer may call on behalf of users.

    Raises Unavailable, which does not reveal what is wrong with the token. It is no fault of the client of the request:
    the services disagree about keys or time.
    """
    try:
        claims = _claims(token, audience, ring, subject)
    except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError) as error:
        raise Unavailable("The call carries no valid service token.", BAD_TOKEN) from error
    service = claims["iss"]
    if service not in ring.user_issuers:
        return Caller(service)
    return Caller(
        service=service,
        user=claims.get("sub"),
        username=claims.get("preferred_username"),
        session=claims.get("sid"),
        staff=claims["staff"] is True,
    )


def sign_text(text: str, service: str, key: Key, *, subject: str, lifetime: float) -> str:
    """Return a text that a service stores where other services can write too; the signature expires after seconds."""
    now = int(time.time())
    claims = {"iss": service, "aud": TEXTS, "jti": subject, "iat": now, "exp": now + lifetime, "text": text}
    return key.sign(claims)


def signed_text(token: str, service: str, ring: Keyring, *, subject: str) -> tuple[str, float]:
    """Return the text that `sign_text` signed, and the time at which it expires here.

    Raises Unavailable if it is signed by another service, for another subject, or expired.
    """
    try:
        _, claims = _decode(token, TEXTS, ring, subject, ("exp", "text"))
        if claims["iss"] != service:
            raise jwt.InvalidIssuerError
    except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError) as error:
        raise Unavailable("The text is not signed.", BAD_TOKEN) from error
    return str(claims["text"]), claims["exp"] + ring.clock_skew


def may_become_valid(error: BaseException) -> bool:
    """Return whether `verify` raised this for a token of a key that is not known yet, or of a clock that is ahead."""
    return isinstance(error.__cause__, _UnknownKeyError | jwt.ImmatureSignatureError)


def _claims(token: object, audience: str, ring: Keyring, subject: str | None) -> dict[str, Any]:
    if not isinstance(token, str):
        raise TypeError("no token")
    if subject is not None:  # verified once, for one event
        return _decode(token, audience, ring, subject)[1]
    key, claims = _verified(token, audience, ring)
    if claims["exp"] + ring.clock_skew <= time.time() or ring.find(key.name) != key:
        return _decode(token, audience, ring)[1]  # which raises, unless another key has the name now
    return claims


def _decode(
    token: str, audience: str, ring: Keyring, subject: str | None = None, required: Sequence[str] = ("staff",)
) -> tuple[Key, dict[str, Any]]:
    """Return the key and the claims of a valid token."""
    key = ring.find(_key_name(token.partition(".")[0]))
    if key is None:
        raise _UnknownKeyError
    claims: dict[str, Any] = jwt.decode(
        token,
        key.public,
        [key.algorithm],
        audience=audience,
        issuer=ring.issuers if key.owner is None else ring.issuers & {key.owner},
        leeway=ring.clock_skew,
        options={"require": ["iss", "aud", "iat", "jti" if subject else "exp", *required]},
    )
    if subject is not None and claims["jti"] != subject:
        raise jwt.InvalidTokenError("issued for another subject")
    return key, claims


@lru_cache(maxsize=256)
def _key_name(header: str) -> str:
    """Return the id of the key in the encoded header of a token; all tokens of a key have the same header."""
    return str(jwt.get_unverified_header(f"{header}..").get("kid"))


# A caller uses a token for REISSUE seconds, and verifying it takes 140 µs.
_verified = lru_cache(maxsize=CACHED)(_decode)


class Issuer:
    """Issues tokens, and caches them for REISSUE seconds: a lookup costs less than a signature."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._issue = lru_cache(maxsize=4096)(self._issue_in_period)

    def token(self, caller: Caller, audience: str) -> str:
        """Return a token signed with the current key; it expires in LIFETIME - REISSUE seconds or later."""
        return self._issue(caller, audience, self._ring.signing(caller.service), int(time.monotonic() / REISSUE))

    @staticmethod
    def _issue_in_period(caller: Caller, audience: str, key: Key, _period: int) -> str:
        return issue(caller, audience, key)
