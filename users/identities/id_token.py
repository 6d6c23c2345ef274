"""Validates ID tokens (OpenID Connect Core 1.0, section 3.1.3.7)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from users.identities.discovery import ProviderFailure
from users.identities.settings import ProviderSettings

# Signatures with a key pair only: `none` signs nothing, and HS256 would make the client's secret a key.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
MAX_SUBJECT = 255  # characters (section 2)
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_STRICT = jwt.PyJWT({"enforce_minimum_key_length": True})


class WrongNonceError(Exception):
    """The token is of another sign-in than the one that is finished with it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must contain; `leeway` is the tolerated difference of clocks in seconds."""

    provider: ProviderSettings
    nonce: str
    access_token: str | None
    leeway: float


def verify(token: object, keys: Callable[[str | None], list[dict[str, Any]]], expected: Expected) -> dict[str, Any]:
    """Return the claims of a valid token; `keys` returns the provider's keys with an id, or all.

    Raises ProviderFailure, and WrongNonceError.
    """
    if not isinstance(token, str):
        raise ProviderFailure("the answer has no ID token")
    try:
        header = jwt.get_unverified_header(token)
        claims = _signed_claims(token, header, keys, expected)
        _validate(CodeIDToken(claims, header, params=_parameters(expected)), expected)
    except (jwt.PyJWTError, JoseError, TypeError, ValueError, RecursionError) as error:
        raise ProviderFailure(f"the ID token is not valid: {type(error).__name__}") from error
    return claims


def _signed_claims(
    token: str, header: dict[str, Any], keys: Callable[[str | None], list[dict[str, Any]]], expected: Expected
) -> dict[str, Any]:
    """Return the claims if one of the keys has signed them."""
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError
    failure: jwt.PyJWTError = jwt.InvalidKeyError()
    for key in _usable(keys(header.get("kid")), str(algorithm)):
        try:
            claims: dict[str, Any] = _STRICT.decode(
                token,
                key,
                [str(algorithm)],
                audience=expected.provider.client_id,
                issuer=expected.provider.issuer,
                leeway=expected.leeway,
                options={"require": _REQUIRED},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError) as error:
            failure = error
        else:
            return claims
    raise failure


def _usable(keys: list[dict[str, Any]], algorithm: str) -> Iterator[jwt.PyJWK]:
    """Yield the keys that can sign with the algorithm; a key may name the only one that it is for."""
    for key in keys:
        if key.get("alg", algorithm) != algorithm:
            continue
        try:
            yield jwt.PyJWK(key, algorithm)
        except jwt.PyJWTError:  # of another type
            continue


def _validate(token: CodeIDToken, expected: Expected) -> None:
    """Raise unless the claims are for this client and this sign-in."""
    if token.get("nonce") != expected.nonce:
        raise WrongNonceError
    token.validate(leeway=expected.leeway)
    subject = token["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or "\0" in subject:
        raise ValueError("sub")
    subject.encode()  # raises UnicodeEncodeError for a lone surrogate, which the database cannot store


def _parameters(expected: Expected) -> dict[str, Any]:
    return {
        "nonce": expected.nonce,
        "client_id": expected.provider.client_id,
        "access_token": expected.access_token,
    }
