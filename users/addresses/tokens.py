"""Tokens of the links that restore an address.

As the digits of codes, they are computed from an id with a private key of users, so nothing that is stored reveals
them.
"""

import hashlib
import hmac
from collections.abc import Sequence


def compute(secret: str, change_id: str) -> str:
    """Return the token of a change: its id, and 256 bits that only users can compute."""
    digest = hmac.digest(secret.encode(), f"restore address {change_id}".encode(), hashlib.sha256)
    return f"{change_id}.{digest.hex()}"


def change_of(secrets: Sequence[str], token: str) -> str | None:
    """Return the id in a token; None if it is not valid. During a rotation of keys there are several `secrets`."""
    change_id = token.partition(".")[0]
    is_valid = any(hmac.compare_digest(compute(secret, change_id).encode(), token.encode()) for secret in secrets)
    return change_id if is_valid else None
