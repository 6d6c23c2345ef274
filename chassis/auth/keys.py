"""The keys that sign the tokens between services, and their text form, `id:key`.

`feeds/k1:MC4CAQAw…` is a private key of feeds, `feeds/k1:MCowBQYD…` its public half: Ed25519 (RFC 8032) as DER (PKCS 8,
or X.509's SubjectPublicKeyInfo) in base64. An id without a slash is a secret that all services share, as in 0.1.0.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

MINIMUM_SECRET = 32  # characters
_PRIVATE_SIZE = 48  # bytes of a private key as DER; a public one has 44
_EXPECTED = f"expected service/id:key, or id:secret with {MINIMUM_SECRET} characters or more; ids must be unique"


@dataclass(frozen=True)
class Key:
    """A key; `name` is the `kid` in the token's header (RFC 7515)."""

    name: str
    text: str

    @property
    def owner(self) -> str | None:
        """The service whose tokens it signs; None if all services share it."""
        service, slash, _ = self.name.partition("/")
        return service if slash else None

    @property
    def algorithm(self) -> str:
        """The algorithm of the token's header; no other one is accepted."""
        return "EdDSA" if self.owner else "HS256"

    @cached_property
    def private(self) -> Ed25519PrivateKey | str | None:
        """What signs; None for a public key."""
        loaded = self._loaded
        return None if isinstance(loaded, Ed25519PublicKey) else loaded

    @cached_property
    def public(self) -> Ed25519PublicKey | str:
        """What verifies."""
        loaded = self._loaded
        return loaded.public_key() if isinstance(loaded, Ed25519PrivateKey) else loaded

    @cached_property
    def _loaded(self) -> Ed25519PrivateKey | Ed25519PublicKey | str:
        if self.owner is None:
            return self.text
        der = base64.b64decode(self.text, validate=True)
        loaded = load_der_private_key(der, None) if len(der) == _PRIVATE_SIZE else load_der_public_key(der)
        if not isinstance(loaded, Ed25519PrivateKey | Ed25519PublicKey):
            raise TypeError("expected an Ed25519 key")
        return loaded

    def signs_for(self, service: str) -> bool:
        """Return whether tokens of this service can be signed with it."""
        return self.owner in {service, None} and self.private is not None

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT. Raises ValueError if this is a public key."""
        if self.private is None:
            raise ValueError(f"{self.name} is a public key")
        return jwt.encode(claims, self.private, self.algorithm, headers={"kid": self.name})

    def public_half(self) -> "Key":
        """Return the key that other services get."""
        public = self.public
        if isinstance(public, str):
            return self
        return Key(self.name, _text(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))

    def __str__(self) -> str:
        """Return the text form, which is secret unless the key is public."""
        return f"{self.name}:{self.text}"


def generate(name: str) -> Key:
    """Return a new private key."""
    private = Ed25519PrivateKey.generate()
    return Key(name, _text(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))


def parse(text: str) -> tuple[Key, ...]:
    """Parse keys that are separated by commas or line breaks; lines that begin with # are comments.

    Of a private and a public key with the same id the first one is taken. The ValueError contains no secret.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    entries = [entry.strip() for line in lines for entry in line.split(",")]
    keys = [_parse_entry(entry) for entry in entries if entry]
    by_name: dict[str, Key] = {}
    for key in keys:
        other = by_name.setdefault(key.name, key)
        if other is not key and (key.owner is None or other.public_half() != key.public_half()):
            raise ValueError(_EXPECTED)
    return tuple(by_name.values())


def _parse_entry(entry: str) -> Key:
    name, _, text = entry.partition(":")
    key = Key(name, text)
    try:
        valid = re.fullmatch(r"[^/]+(/[^/]+)?", name) and (key.owner or len(text) >= MINIMUM_SECRET) and key.public
    except (binascii.Error, ValueError, TypeError):
        valid = None
    if not valid:
        raise ValueError(_EXPECTED)
    return key


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode()
