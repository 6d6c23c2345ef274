"""The rules for passwords (NIST SP 800-63B, section 5.1.1.2): long enough, not a common one, nothing else."""

import unicodedata
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import Invalid

SHORTEST, LONGEST = 8, 128  # characters, after NFKC


def normal(password: str) -> str:
    """Return the form that is counted and hashed: the same on every keyboard (RFC 8265, section 4)."""
    return unicodedata.normalize("NFKC", password)


def accepted(password: str, username: str, email: str) -> str:
    """Return the normal form of a new password, or raise Invalid with the reason."""
    password = normal(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise _refused(f"must have {SHORTEST} to {LONGEST} characters", "password_length")
    folded = password.casefold()
    if folded in {name.casefold() for name in (username, email, email.partition("@")[0])}:
        raise _refused("must not be the account's own name or address", "password_is_name")
    if folded in _common():
        raise _refused("is among the most common passwords, which are tried first", "password_common")
    return password


def matches(argon2: PasswordHasher, password_hash: str, password: str) -> bool:
    """Compare; slow by intention."""
    try:
        return argon2.verify(password_hash, normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _refused(reason: str, code: str) -> Invalid:
    return Invalid.field("password", reason, code)


@cache
def _common() -> frozenset[str]:
    text = resources.files("users").joinpath("data", "common-passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
