"""SMS through Africa's Talking. It has no idempotency key, so what may have been sent is never sent again by itself."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from chassis.contract import Empty
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.rpc.client import RpcClient
from notifications.channels import delivery_results
from notifications.channels.base import Outgoing, Result
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms import africas_talking, phone_numbers
from notifications.channels.sms import text as text_of
from notifications.channels.sms.account import Results, SmsAccount
from notifications.channels.sms.counter import Counter
from notifications.contract import DeliveryChannel
from users.contract import OptOut

BULK = 100  # numbers a request

_NEVER_WENT_OUT = frozenset({"pending", "failed"})

_log = logging.getLogger(__name__)


class Sms:
    """Sends text messages: one request for up to BULK numbers that get the same text.

    It is made for one worker, of an account that outlives it.
    """

    name: DeliveryChannel = "sms"
    abandoned = delivery_results.unknown("the sender stopped on the way")

    def __init__(self, account: SmsAccount, db: UnitOfWork, rpc_client: RpcClient) -> None:
        self._account = account
        self._counter = Counter(db, account.limits)
        self._rpc_client = rpc_client

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send one request after the other; the results of each come together."""
        texts: dict[str, dict[str, list[int]]] = {}
        for one in batch:
            number = phone_numbers.destination(one.address, self._account.countries)
            if isinstance(number, Outcome):
                yield [(one.id, number)]
            else:
                texts.setdefault(text_of.one_part(one.title, one.message), {}).setdefault(number, []).append(one.id)
        try:
            for text, numbers in texts.items():
                yield from self._send_text(text, numbers)
        except ServiceError as error:  # what is left was not touched
            _log.warning("SMS wait: %s", error)

    def _send_text(self, text: str, numbers: dict[str, list[int]]) -> Iterator[list[Result]]:
        """Send a text to all who get it; people who share a number get it once."""
        everybody = list(numbers)
        for start in range(0, len(everybody), BULK):
            part = everybody[start : start + BULK]
            results = self._send_part(text, part)
            yield [(delivery, results.outcomes[number]) for number in part for delivery in numbers[number]]
            self._tell_users(results.opted_out)

    def _send_part(self, text: str, numbers: list[str]) -> Results:
        """Send one request, as far as balance and limits allow."""
        if pause := self._account.pause:
            return Results(dict.fromkeys(numbers, replace(africas_talking.no_money(), delay=pause)))
        day, decision = self._counter.reserve(numbers)
        if not decision.granted:
            return Results(decision.rejected)
        results = self._account.send(text, decision.granted)
        unsent = [number for number in decision.granted if results.outcomes[number].status in _NEVER_WENT_OUT]
        self._counter.give_back(day, unsent)
        return Results(decision.rejected | results.outcomes, results.opted_out)

    def _tell_users(self, numbers: Iterable[str]) -> None:
        """Have SMS switched off for whoever told the provider to stop them; if that fails, the next refusal tells."""
        for number in numbers:
            try:
                self._rpc_client.call("users.opt_out", OptOut(phone=number), Empty)
            except ServiceError as error:
                _log.warning("an opt-out could not be told: %s", error)
