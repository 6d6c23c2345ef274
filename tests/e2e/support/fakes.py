"""What the fake mailbox and the SMS simulator received."""

import re
from collections.abc import Mapping
from typing import Any

import requests

from dev.machine.waiting import until

TIMEOUT = 10  # seconds
_CODE = re.compile(r"^(\d{6}) ", re.MULTILINE)


def mails_to(environment: Mapping[str, str], email: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_MAILBOX"], email)


def wait_for_code(environment: Mapping[str, str], email: str) -> str:
    """Wait until a one-time code was mailed to an address, and return the newest one."""
    until(lambda: bool(mails_to(environment, email)), "a code", TIMEOUT)
    newest = mails_to(environment, email)[-1]["id"]
    mail = requests.get(f"{environment['BARAZA_MAILBOX']}/messages/{newest}", timeout=TIMEOUT).json()
    found = _CODE.search(mail["text"])
    assert found, mail
    return found[1]


def sms_to(environment: Mapping[str, str], phone: str) -> list[dict[str, Any]]:
    return _messages(environment["BARAZA_SMS"], phone)


def fail_sms(environment: Mapping[str, str], phone: str) -> None:
    """Let the next SMS to this number be reported as failed, before its request is answered."""
    fault = {"report": {"status": "Failed", "reason": "AbsentSubscriber", "early": True}, "to": phone}
    requests.post(f"{environment['BARAZA_SMS']}/faults", json=fault, timeout=TIMEOUT).raise_for_status()


def _messages(base: str, to: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = requests.get(f"{base}/messages", params={"to": to}, timeout=TIMEOUT).json()
    return messages
