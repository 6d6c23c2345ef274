"""An account at Africa's Talking: sends one request and reads its response."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import eventlet
import requests

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.sms import africas_talking, daily_limits, phone_numbers
from notifications.channels.sms.africas_talking import Response

CONNECT_TIMEOUT = 3.05  # seconds; the SDK's value

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestResults:
    """The results of one request by phone number, and the numbers that opted out of SMS."""

    results: dict[str, DeliveryResult]
    opted_out: list[str] = field(default_factory=list)


class SmsAccount:
    """The account of this process. It stops sending for a while when the balance is used up."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._client = africas_talking.Client(settings["username"], settings["api_key"], settings["url"])
        self._timeouts = (CONNECT_TIMEOUT, settings["timeout"])
        self._sender_id: str | None = settings["sender"] or None
        self.countries = phone_numbers.countries(settings["countries"])
        self.limits = daily_limits.from_settings(settings)
        self.code_limits = daily_limits.of_codes(settings)
        self._balance_used_up = False
        self._paused_until = 0.0

    @property
    def pause(self) -> float:
        """The seconds until the next try, after the balance was used up; 0 if sending is possible."""
        return max(0.0, self._paused_until - time.monotonic())

    def send(self, text: str, numbers: Sequence[str]) -> RequestResults:
        """Send one text to some numbers and return the result of each."""
        try:
            # requests limits only the time between two parts of the answer.
            with eventlet.Timeout(sum(self._timeouts), requests.Timeout("no answer in time")):
                body = self._client.send(text, list(numbers), self._sender_id, timeout=self._timeouts)
        except requests.RequestException as error:
            _log.error("Africa's Talking failed: %s", type(error).__name__)
            return RequestResults(dict.fromkeys(numbers, africas_talking.request_failed(error)))
        except RecursionError:  # of the SDK's JSON parser
            body = None
        response = africas_talking.parse(body)
        if response is None:
            _log.error("the response of Africa's Talking cannot be read")
            unreadable = delivery_results.unknown("the provider's answer cannot be read")
            return RequestResults(dict.fromkeys(numbers, unreadable))
        self._check_balance(response)
        opted_out = [status.number for status in response.statuses.values() if status.code == africas_talking.OPTED_OUT]
        return RequestResults({number: africas_talking.result(response, number) for number in numbers}, opted_out)

    def _check_balance(self, response: Response) -> None:
        """Pause when the balance is used up; log it once until an SMS is accepted again."""
        codes = {status.code for status in response.statuses.values()}
        if africas_talking.INSUFFICIENT_BALANCE in codes:
            if not self._balance_used_up:
                _log.error("the balance at Africa's Talking is used up: no SMS is sent")
            self._balance_used_up = True
            self._paused_until = time.monotonic() + africas_talking.BALANCE_PAUSE
        elif codes & africas_talking.ACCEPTED:
            self._balance_used_up = False
