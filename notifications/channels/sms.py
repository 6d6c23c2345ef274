"""SMS through Africa's Talking. It has no idempotency key, so what may have been sent is never sent again by itself."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import phonenumbers
import requests

from notifications import messages, outcomes
from notifications.channels import africas_talking
from notifications.channels.base import Outgoing, Result
from notifications.contract import DeliveryChannel
from notifications.outcomes import Outcome

BULK = 100  # numbers a request

_log = logging.getLogger(__name__)


class Sms:
    """Sends text messages: one request for up to BULK numbers that get the same text."""

    name: DeliveryChannel = "sms"
    abandoned = outcomes.unknown("the sender stopped on the way")

    def __init__(self, config: dict[str, Any]) -> None:
        self._client = africas_talking.Client(config["username"], config["api_key"], config["url"])
        self._sender_id: str | None = config["sender"] or None

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send one request after the other; the results of each come together."""
        texts: dict[str, dict[str, list[int]]] = {}
        for one in batch:
            number = _number(one.address)
            if number is None:
                yield [(one.id, outcomes.unusable("the phone number is not valid"))]
            else:
                texts.setdefault(messages.sms(one.title, one.message), {}).setdefault(number, []).append(one.id)
        for text, numbers in texts.items():
            yield from self._send_text(text, numbers)

    def _send_text(self, text: str, numbers: dict[str, list[int]]) -> Iterator[list[Result]]:
        """Send a text to all who get it; people who share a number get it once."""
        everybody = list(numbers)
        for start in range(0, len(everybody), BULK):
            part = everybody[start : start + BULK]
            found = self._request(text, part)
            yield [(delivery, found[number]) for number in part for delivery in numbers[number]]

    def _request(self, text: str, numbers: list[str]) -> dict[str, Outcome]:
        """Send one text to some numbers and return what came of each."""
        try:
            answer = self._client.send(text, numbers, self._sender_id)
        except requests.RequestException as error:
            _log.error("Africa's Talking failed: %s", type(error).__name__)
            return dict.fromkeys(numbers, africas_talking.after(error))
        read = africas_talking.read(answer)
        if read is None:
            _log.error("Africa's Talking gave an answer that cannot be read")
            return dict.fromkeys(numbers, outcomes.unknown("the provider's answer cannot be read"))
        if any(status.code == africas_talking.NO_MONEY for status in read.statuses.values()):
            _log.error("the balance at Africa's Talking is used up: no SMS goes out")
        return {number: africas_talking.outcome(read, number) for number in numbers}


def _number(text: str) -> str | None:
    """Return a phone number as E.164 writes it: the SDK refuses a whole request for one that it cannot read."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
