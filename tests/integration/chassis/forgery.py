"""Tokens that let nobody in: each is wrong in one way, and good in all others."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt

from chassis.auth.keyring import Key

Claims = dict[str, Any]
Forgery = Callable[[Key, Claims], str]


def claims(audience: str, **end: object) -> Claims:
    """Return the claims of a decent token of feeds; `end` is the exp of a call's, or the jti of an event's."""
    return {"iss": "feeds", "aud": audience, "iat": int(time.time()), "staff": False, **end}


def _signed(key: Key, found: Claims, algorithm: str = "HS256") -> str:
    return jwt.encode(found, key.secret, algorithm, headers={"kid": key.name})


def _by_hand(key: Key, found: Claims, algorithm: str, secret: str) -> str:
    """Sign with HMAC-SHA256 whatever the header says; without a secret not at all."""
    header = {"alg": algorithm, "kid": key.name, "typ": "JWT"}
    text = ".".join(_base64(json.dumps(part).encode()) for part in (header, found))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{_base64(signature)}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _with(**wrong: object) -> Forgery:
    return lambda key, found: _signed(key, found | wrong)


def _without(*names: str) -> Forgery:
    return lambda key, found: _signed(key, {name: value for name, value in found.items() if name not in names})


NOTHING_WRONG: Forgery = _with()
FORGERIES: dict[str, Forgery] = {
    "wrong audience": _with(aud="notifications"),
    "unknown issuer": _with(iss="stranger"),
    "expired": lambda key, found: _signed(key, found | {"exp": int(time.time()) - 60}),
    "not yet issued": lambda key, found: _signed(key, found | {"iat": int(time.time()) + 60}),
    "not yet valid": lambda key, found: _signed(key, found | {"nbf": int(time.time()) + 60}),
    "no algorithm": lambda key, found: _by_hand(key, found, "none", ""),
    "another algorithm": lambda key, found: _signed(key, found, "HS512"),
    "an algorithm with public keys": lambda key, found: _by_hand(key, found, "RS256", key.secret),
    "a wrong secret": lambda key, found: _signed(Key(key.name, "x" * 64), found),
    "an unknown key": lambda key, found: _signed(Key("k9", key.secret), found),
    "no issuer": _without("iss"),
    "no audience": _without("aud"),
    "no moment of issue": _without("iat"),
    "no word on staff": _without("staff"),
    "neither an end nor an event": _without("exp", "jti"),
}
