"""Sends SMS through Africa's Talking. There is no idempotency key, so an SMS that may have been sent is not resent."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence

from chassis.contract import Empty
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.rpc.client import RpcClient
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import OutgoingMessage, SendResult
from notifications.channels.sms import africas_talking, phone_numbers
from notifications.channels.sms.account import RequestResults, SmsAccount
from notifications.channels.sms.counter import Counter
from notifications.channels.sms.encoding import one_sms
from notifications.texts import CODE
from users.contract import OptOut

BULK = 100  # numbers per request

_NOT_SENT = frozenset({"pending", "failed"})

_log = logging.getLogger(__name__)


class Sms:
    """Sends each text in requests of up to BULK numbers, for one worker; the account is shared by all workers."""

    def __init__(self, account: SmsAccount, db: UnitOfWork, rpc_client: RpcClient) -> None:
        self._account = account
        self._counter = Counter(db, account.limits)
        self._code_counter = Counter(db, account.code_limits)
        self._rpc_client = rpc_client

    def send(self, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
        """Send one request after the other and yield the results of each."""
        texts: dict[tuple[str, Counter], dict[str, list[OutgoingMessage]]] = {}
        for message in batch:
            number = phone_numbers.destination(message.address, self._account.countries)
            if isinstance(number, DeliveryResult):
                yield [(message.id, number)]
            else:
                text = one_sms(message.title, message.body)
                counter = self._code_counter if message.kind == CODE else self._counter
                texts.setdefault((text, counter), {}).setdefault(number, []).append(message)
        try:
            for (text, counter), messages in texts.items():
                yield from self._send_text(text, counter, messages)
        except ServiceError as error:  # the rest was not attempted
            _log.warning("SMS are delayed: %s", error)

    def _send_text(
        self, text: str, counter: Counter, messages: dict[str, list[OutgoingMessage]]
    ) -> Iterator[list[SendResult]]:
        """Send a text once to each number. Several users may share a number."""
        numbers = list(messages)
        for start in range(0, len(numbers), BULK):
            wanted, results = _check({number: messages[number] for number in numbers[start : start + BULK]})
            opted_out: Collection[str] = ()
            if wanted:
                sent = self._send_request(text, counter, list(wanted))
                results += ((delivery, sent.results[number]) for number, ids in wanted.items() for delivery in ids)
                opted_out = sent.opted_out
            yield results
            self._opt_out(opted_out)

    def _send_request(self, text: str, counter: Counter, numbers: list[str]) -> RequestResults:
        """Send one request, as far as balance and limits allow."""
        if pause := self._account.pause:
            return RequestResults(dict.fromkeys(numbers, africas_talking.insufficient_balance(pause)))
        day, decision = counter.reserve(numbers)
        if not decision.allowed:
            return RequestResults(decision.rejected)
        sent = self._account.send(text, decision.allowed)
        counter.release(day, [number for number in decision.allowed if sent.results[number].status in _NOT_SENT])
        return RequestResults(decision.rejected | sent.results, sent.opted_out)

    def _opt_out(self, numbers: Iterable[str]) -> None:
        """Switch SMS off for users who opted out at the provider; after an error, their next SMS leads here again."""
        for number in numbers:
            try:
                self._rpc_client.call("users.opt_out", OptOut(phone=number), Empty)
            except ServiceError as error:
                _log.warning("opt-out from SMS failed: %s", error)


def _check(messages: dict[str, list[OutgoingMessage]]) -> tuple[dict[str, list[int]], list[SendResult]]:
    """Return the ids of the messages that may be sent, by number, and the results of the others."""
    wanted: dict[str, list[int]] = {}
    results: list[SendResult] = []
    for number, for_number in messages.items():
        for message in for_number:
            if result := message.check():
                results.append((message.id, result))
            else:
                wanted.setdefault(number, []).append(message.id)
    return wanted, results
