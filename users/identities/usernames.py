"""Makes user names of what the identity provider knows about a user."""

import re
import secrets
import unicodedata

LONGEST, SHORTEST = 30, 3  # characters of a user name
_DIGITS = 4  # that are added to a name that is taken
_OTHERS = re.compile(r"[^A-Za-z0-9_.]+")


def base(preferred: str | None, email: str) -> str:
    """Return a valid user name made of the preferred one, or else of the part of the address before the @."""
    for text in (preferred or "", email):
        name = _ascii(text.partition("@")[0])
        if any(character.isalnum() for character in name):
            return name if len(name) >= SHORTEST else f"user_{name}"
    return "user"


def another(name: str) -> str:
    """Return a similar name, for one that is taken."""
    digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    return f"{name[: LONGEST - _DIGITS - 1]}_{digits}"


def _ascii(text: str) -> str:
    """Return a text in the alphabet of user names: letters without accents, and underscores for all others."""
    plain = unicodedata.normalize("NFKD", text[: LONGEST * 4])
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return _OTHERS.sub("_", letters).strip("_.")[:LONGEST]
