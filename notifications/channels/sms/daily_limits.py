"""How many SMS a day (UTC) may see, all together and to one number: the rules."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome

USED_UP = delivery_results.cancelled("today's budget for SMS is used up")


@dataclass(frozen=True, slots=True)
class Limits:
    """So many messages a day; `budget` is None where there is no limit for all together."""

    per_number: int
    budget: int | None
    key: bytes = field(repr=False)

    def subject(self, number: str) -> str:
        """Return what a number is counted under: a hash, and keyed, since all numbers can be tried."""
        return hmac.new(self.key, number.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Decision:
    """To which numbers a message may go, and what becomes of those to the others."""

    granted: list[str]
    rejected: dict[str, Outcome]


def of(config: Mapping[str, Any]) -> Limits:
    """Read the `sms` section. Raises ValueError for what is not a number of messages."""
    per_number, budget = config["per_number"], config["daily_budget"]
    for name, value in (("SMS_PER_NUMBER", per_number), ("SMS_DAILY_BUDGET", 0 if budget is None else budget)):
        if type(value) is not int or value < 0:
            raise ValueError(f"{name}: expected a number of messages")
    return Limits(per_number, budget, config["api_key"].encode())


def decide(limits: Limits, had: Mapping[str, int], total: int) -> Decision:
    """Decide about one message to each number in order: `had` is what it got today, `total` what all of them got."""
    granted: list[str] = []
    rejected: dict[str, Outcome] = {}
    for number, count in had.items():
        if count >= limits.per_number:
            rejected[number] = delivery_results.cancelled(f"this number has had its {limits.per_number} SMS for today")
        elif limits.budget is not None and total + len(granted) >= limits.budget:
            rejected[number] = USED_UP
        else:
            granted.append(number)
    return Decision(granted, rejected)
