"""The identity provider in `users.identity_provider` of config.yml."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_MAX_ISSUER = 255  # characters; of the column


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The provider, and how it knows this installation."""

    issuer: str
    client_id: str
    client_secret: str  # empty: a public client, which only proves with PKCE that it began the sign-in
    redirect_url: str
    scope: str


def from_config(settings: Mapping[str, Any]) -> ProviderSettings | None:
    """Return the settings; None if there is no provider."""
    if not settings.get("issuer"):
        return None
    return ProviderSettings(**{name: str(settings.get(name) or "") for name in ProviderSettings.__slots__})


def issuer(text: str) -> str:
    """Return the URL of a provider. Raises ValueError if it is not secure or too long."""
    if len(text) > _MAX_ISSUER:
        raise ValueError(f"must have {_MAX_ISSUER} characters at most")
    return secure_url(text)


def secure_url(text: str) -> str:
    """Return the URL. Raises ValueError if it is not secure."""
    if not is_secure(text):
        raise ValueError("must be an https URL, or http on a loopback address")
    return text


def is_secure(url: object) -> bool:
    """Return whether it is an https URL, or an http URL of a loopback address, without credentials or a fragment."""
    if not isinstance(url, str) or not url.isascii():
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises ValueError if it is invalid
    except ValueError:
        return False
    if not host or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
