"""What the fake mailbox and the SMS simulator received."""

import re
from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT = 10  # seconds
_CODE = re.compile(r"^(\d{6}) ", re.MULTILINE)


def mails_to(environment: Mapping[str, str], email: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_MAILBOX"], email)


def code_to(environment: Mapping[str, str], email: str) -> str:
    """Return the newest one-time code that was mailed to an address; empty if there is none."""
    codes = [found[1] for mail in mails_to(environment, email) if (found := _CODE.search(mail["text"]))]
    return codes[-1] if codes else ""


def sms_to(environment: Mapping[str, str], phone: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_SMS"], phone)


def fail_sms(environment: Mapping[str, str], phone: str) -> None:
    """Let the next SMS to this number be reported as failed, before its request is answered."""
    fault = {"report": {"status": "Failed", "reason": "AbsentSubscriber", "early": True}, "to": phone}
    requests.post(f"{environment['BARAZA_SMS']}/faults", json=fault, timeout=TIMEOUT).raise_for_status()


def _messages(base: str, to: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = requests.get(f"{base}/messages", params={"to": to}, timeout=TIMEOUT).json()
    return messages
