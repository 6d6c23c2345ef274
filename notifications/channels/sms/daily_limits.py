"""The daily limits of SMS (per day in UTC): in total, and to one phone number."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult

CODES = {"per_number": 20, "daily_budget": 1000}  # if config.yml has no other limits
BUDGET_USED_UP = delivery_results.cancelled("today's budget for SMS is used up")


@dataclass(frozen=True, slots=True)
class Limits:
    """The number of SMS a day to one number, and in total (`budget`; None: unlimited)."""

    per_number: int
    budget: int | None
    key: bytes = field(repr=False)
    total: str = "all"  # the subject that counts all of them

    def subject(self, number: str) -> str:
        """Return the keyed hash under which a number is counted. Without the key all numbers could be tried."""
        text = number if self.total == "all" else f"{self.total} {number}"
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Decision:
    """The numbers to which an SMS may be sent, and the results for the others."""

    allowed: list[str]
    rejected: dict[str, DeliveryResult]


def from_settings(settings: Mapping[str, Any]) -> Limits:
    """Read the `sms` section: the limits of all SMS but codes. Raises ValueError for an invalid number."""
    per_number, budget = settings["per_number"], settings["daily_budget"]
    _check({"SMS_PER_NUMBER": per_number, "SMS_DAILY_BUDGET": 0 if budget is None else budget})
    return Limits(per_number, budget, settings["api_key"].encode())


def of_codes(settings: Mapping[str, Any]) -> Limits:
    """Read the limits of one-time codes, which are counted apart. Raises ValueError for an invalid number."""
    codes = settings.get("codes", CODES)
    _check({f"SMS_CODES_{name.upper()}": value for name, value in codes.items()})
    return Limits(codes["per_number"], codes["daily_budget"], settings["api_key"].encode(), "codes")


def _check(limits: Mapping[str, Any]) -> None:
    for name, value in limits.items():
        if type(value) is not int or value < 0:
            raise ValueError(f"{name}: expected a number of messages")


def decide(limits: Limits, sent_today: Mapping[str, int], total: int) -> Decision:
    """Decide about one SMS to each number, in order. `sent_today` counts by number, `total` counts all SMS today."""
    allowed: list[str] = []
    rejected: dict[str, DeliveryResult] = {}
    for number, count in sent_today.items():
        if count >= limits.per_number:
            rejected[number] = delivery_results.cancelled(f"this number has had its {limits.per_number} SMS for today")
        elif limits.budget is not None and total + len(allowed) >= limits.budget:
            rejected[number] = BUDGET_USED_UP
        else:
            allowed.append(number)
    return Decision(allowed, rejected)
