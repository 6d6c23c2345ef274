"""Encrypts stored replies that contain secrets, such as the token of a session.

The key is derived from the private key of the service: who has that one can act as the service anyway.
"""

import base64
import hmac
from typing import Any, TypeVar

from cryptography.fernet import Fernet, MultiFernet

from chassis.auth import keyring
from chassis.contract import Message

Reply = TypeVar("Reply", bound=Message)


def dump(call: Any, reply: Message) -> str:
    """Return the text to store of a reply to a call; encrypted if it has secrets."""
    text = reply.model_dump_json()
    return _ciphers(call).encrypt(text.encode()).decode() if _has_secrets(type(reply)) else text


def load(call: Any, model: type[Reply], stored: str) -> Reply:
    """Return the reply whose text was stored, perhaps with an earlier key of the service. Raises InvalidToken."""
    text = _ciphers(call).decrypt(stored).decode() if _has_secrets(model) else stored
    return model.model_validate_json(text)


def _has_secrets(model: type[Message]) -> bool:
    """Return whether logs hide a field of a model (`repr=False`)."""
    return not all(field.repr for field in model.model_fields.values())


def _ciphers(call: Any) -> MultiFernet:
    """Return the cipher of each private key of the service; the first one encrypts."""
    keys = keyring.from_config(call.config).secrets(call.service_name)
    secrets = [hmac.digest(key.text.encode(), b"stored replies", "sha256") for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(secret)) for secret in secrets])
