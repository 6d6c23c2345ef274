"""The digits of one-time codes.

They are computed from the id of a code with a private key of users, so nothing that is stored reveals them: neither the
database, its backups nor events. They are in the message to the user, and in the reply that lets deliveries write it.
"""

import hashlib
import hmac
from collections.abc import Sequence

LENGTH = 6


def compute(secret: str, code_id: str) -> str:
    """Return the digits of a code."""
    digest = hmac.digest(secret.encode(), f"one-time code {code_id}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest) % 10**LENGTH:0{LENGTH}}"


def match(secrets: Sequence[str], code_id: str, given: str) -> bool:
    """Return whether these are the digits of a code; during a rotation of keys there are several `secrets`."""
    digits = given.replace(" ", "").encode()
    return any(hmac.compare_digest(compute(secret, code_id).encode(), digits) for secret in secrets)
