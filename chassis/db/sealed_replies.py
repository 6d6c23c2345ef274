"""Encrypts stored replies that contain secrets, such as the token of a session.

The key is derived from the private key of the service: who has that one can act as the service anyway.
"""

import base64
import hmac
from typing import Any

from cryptography.fernet import Fernet, MultiFernet

from chassis.auth import keyring
from chassis.contract import Message


def has_secrets(model: type[Message]) -> bool:
    """Return whether logs hide a field of a model (`repr=False`)."""
    return not all(field.repr for field in model.model_fields.values())


def seal(config: dict[str, Any], service: str, text: str) -> str:
    """Return an encrypted text."""
    return _ciphers(config, service).encrypt(text.encode()).decode()


def unseal(config: dict[str, Any], service: str, sealed: str) -> str:
    """Return the text that `seal` encrypted with one of the service's keys. Raises InvalidToken."""
    return _ciphers(config, service).decrypt(sealed).decode()


def _ciphers(config: dict[str, Any], service: str) -> MultiFernet:
    """Return the cipher of each private key of the service; the first one encrypts."""
    keys = keyring.from_config(config).secrets(service)
    secrets = [hmac.digest(key.text.encode(), b"stored replies", "sha256") for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(secret)) for secret in secrets])
