"""What the fake mailbox and the SMS simulator received."""

import re
from collections.abc import Mapping
from typing import Any

import requests

from dev.machine.waiting import until

TIMEOUT = 30  # seconds
CODE_SUBJECT = "Your code"
# What the code in a mail does.
VERIFIES, SETS_PASSWORD = "confirms this e-mail address", "sets a new password"
SIGNS_IN = "lets you sign in"


def mails_to(environment: Mapping[str, str], email: str) -> list[dict[str, Any]]:
    """Return the mails to an address, without those that have a one-time code."""
    return [mail for mail in _messages(environment["BARAZA_MAILBOX"], email) if mail["subject"] != CODE_SUBJECT]


def wait_for_code(environment: Mapping[str, str], email: str, use: str = VERIFIES) -> str:
    """Wait until a one-time code for a use was mailed to an address, and return the newest one."""
    return until(lambda: _codes(environment, email, use)[-1], "a code", TIMEOUT)


def sms_to(environment: Mapping[str, str], phone: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_SMS"], phone)


def fail_sms(environment: Mapping[str, str], phone: str) -> None:
    """Let the next SMS to this number be reported as failed, before its request is answered."""
    fault = {"report": {"status": "Failed", "reason": "AbsentSubscriber", "early": True}, "to": phone}
    requests.post(f"{environment['BARAZA_SMS']}/faults", json=fault, timeout=TIMEOUT).raise_for_status()


def _codes(environment: Mapping[str, str], email: str, use: str) -> list[str]:
    base = environment["BARAZA_MAILBOX"]
    ids = [mail["id"] for mail in _messages(base, email) if mail["subject"] == CODE_SUBJECT]
    mails = [requests.get(f"{base}/messages/{name}", timeout=TIMEOUT).json() for name in ids]
    return [found[1] for mail in mails if (found := re.search(rf"^(\d{{6}}) {use}", mail["text"], re.MULTILINE))]


def _messages(base: str, to: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = requests.get(f"{base}/messages", params={"to": to}, timeout=TIMEOUT).json()
    return messages
