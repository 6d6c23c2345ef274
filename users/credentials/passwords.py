"""Rules for passwords (NIST SP 800-63B, section 5.1.1.2): a minimum length, and no common password."""

import unicodedata
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import Invalid

MIN_LENGTH, MAX_LENGTH = 8, 128  # characters, after NFKC


def normalize(password: str) -> str:
    """Return the password in NFKC, so that every keyboard produces the same characters (RFC 8265, section 4)."""
    return unicodedata.normalize("NFKC", password)


def validate(password: str, username: str, email: str) -> str:
    """Return a new password, normalized. Raises Invalid with the reason."""
    password = normalize(password)
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _invalid(f"must have {MIN_LENGTH} to {MAX_LENGTH} characters", "password_length")
    folded = password.casefold()
    if folded in {name.casefold() for name in (username, email, email.partition("@")[0])}:
        raise _invalid("must not be the account's own name or address", "password_is_name")
    if folded in _common_passwords():
        raise _invalid("is among the most common passwords, which are tried first", "password_common")
    return password


def matches(argon2: PasswordHasher, password_hash: str, password: str) -> bool:
    """Return whether a password has this hash. Takes as long as hashing."""
    try:
        return argon2.verify(password_hash, normalize(password))
    except (VerificationError, InvalidHashError):
        return False


def _invalid(reason: str, code: str) -> Invalid:
    return Invalid.field("password", reason, code)


@cache
def _common_passwords() -> frozenset[str]:
    text = resources.files("users.credentials").joinpath("data", "common-passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
