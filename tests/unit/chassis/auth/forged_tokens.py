"""Forged service tokens: each is wrong in one way and otherwise valid."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from chassis.auth.keys import Key, generate

Claims = dict[str, Any]
Forge = Callable[[Key, Claims], str]


def valid_claims(audience: str, **expiry: object) -> Claims:
    """Return the claims of a valid token of the orders service; `expiry` is a call's `exp`, or an event's `jti`."""
    return {"iss": "orders", "aud": audience, "iat": int(time.time()), "staff": False, **expiry}


def _sign(key: Key, claims: Claims, name: str = "") -> str:
    return Key(name or key.name, key.text).sign(claims)


def _assemble(key: Key, claims: Claims, algorithm: str, secret: str) -> str:
    """Sign with HMAC-SHA256, whatever algorithm the header names; with an empty secret do not sign."""
    header = {"alg": algorithm, "kid": key.name, "typ": "JWT"}
    text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{_base64(signature)}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _with(**wrong: object) -> Forge:
    return lambda key, claims: _sign(key, claims | wrong)


def _without(*names: str) -> Forge:
    return lambda key, claims: _sign(key, {name: value for name, value in claims.items() if name not in names})


NOT_VALID_YET: dict[str, Forge] = {
    "issued in the future": lambda key, claims: _sign(key, claims | {"iat": int(time.time()) + 60}),
    "not valid yet": lambda key, claims: _sign(key, claims | {"nbf": int(time.time()) + 60}),
    "unknown key": lambda key, claims: _sign(key, claims, "orders/k9"),
}
VALID: Forge = _with()
FORGED: dict[str, Forge] = {
    "wrong audience": _with(aud="notifications"),
    "unknown issuer": _with(iss="unknown"),
    "expired": lambda key, claims: _sign(key, claims | {"exp": int(time.time()) - 60}),
    "algorithm none": lambda key, claims: _assemble(key, claims, "none", ""),
    "the public key as a secret": lambda key, claims: _assemble(key, claims, "HS256", key.public_half().text),
    "an RSA algorithm": lambda key, claims: _assemble(key, claims, "RS256", key.text),
    "wrong key": lambda key, claims: _sign(generate(key.name), claims),
    "key of another service": lambda key, claims: _sign(key, claims | {"iss": "gateway"}),
    "an operator": lambda key, claims: _sign(key, claims | {"iss": "operator"}),
    "no issuer": _without("iss"),
    "no audience": _without("aud"),
    "no issue time": _without("iat"),
    "no staff claim": _without("staff"),
    "neither expiry nor event id": _without("exp", "jti"),
}
