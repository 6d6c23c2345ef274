"""What the mailbox and the SMS simulator received for a user."""

from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT = 10  # seconds


def mails_to(environment: Mapping[str, str], email: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_MAILBOX"], email)


def texts_to(environment: Mapping[str, str], phone: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_SMS"], phone)


def _messages(base: str, to: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{base}/messages", params={"to": to}, timeout=TIMEOUT).json()
    return found
