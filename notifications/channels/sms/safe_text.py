"""Texts of the provider that may be stored and shown."""

import re

_SAFE = re.compile(r"[A-Za-z ]{1,40}")


def safe_text(text: str) -> str:
    """Return a status or reason if it consists of letters; other texts may repeat the phone number."""
    return text if _SAFE.fullmatch(text) else "refused"
