"""Our account at Africa's Talking: sends one request and reads its answer."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms import africas_talking, daily_limits, phone_numbers
from notifications.channels.sms.africas_talking import Answer

CONNECTING = 3.05  # seconds; the SDK's own

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Results:
    """What came of one request by number, and which of them want no more of our SMS."""

    outcomes: dict[str, Outcome]
    opted_out: list[str] = field(default_factory=list)


class SmsAccount:
    """Lives as long as its process, and so remembers that the balance is used up."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._client = africas_talking.Client(config["username"], config["api_key"], config["url"])
        self._timeouts = (CONNECTING, config["timeout"])
        self._sender_id: str | None = config["sender"] or None
        self.countries = phone_numbers.countries(config["countries"])
        self.limits = daily_limits.of(config)
        self._empty = False
        self._closed_until = 0.0

    @property
    def pause(self) -> float:
        """The seconds until it makes sense to send again, after the balance was found used up."""
        return max(0.0, self._closed_until - time.monotonic())

    def send(self, text: str, numbers: Sequence[str]) -> Results:
        """Send one text to some numbers and return what came of each."""
        try:
            answer = self._client.send(text, list(numbers), self._sender_id, timeout=self._timeouts)
        except requests.RequestException as error:
            _log.error("Africa's Talking failed: %s", type(error).__name__)
            return Results(dict.fromkeys(numbers, africas_talking.after(error)))
        read = africas_talking.read(answer)
        if read is None:
            _log.error("Africa's Talking gave an answer that cannot be read")
            return Results(dict.fromkeys(numbers, delivery_results.unknown("the provider's answer cannot be read")))
        self._watch_balance(read)
        opted_out = [one.number for one in read.statuses.values() if one.code == africas_talking.OPTED_OUT]
        return Results({number: africas_talking.outcome(read, number) for number in numbers}, opted_out)

    def _watch_balance(self, answer: Answer) -> None:
        """Stop for a while when the money is gone, and sound the alarm once until something goes out again."""
        codes = {status.code for status in answer.statuses.values()}
        if africas_talking.NO_MONEY in codes:
            if not self._empty:
                _log.error("the balance at Africa's Talking is used up: no SMS goes out")
            self._empty = True
            self._closed_until = time.monotonic() + africas_talking.NO_MONEY_PAUSE
        elif codes & africas_talking.SENT:
            self._empty = False
