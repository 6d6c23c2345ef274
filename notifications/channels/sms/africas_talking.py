"""Africa's Talking's SDK, with a configurable base URL, and the meaning of its responses and errors."""

import json
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import requests
from africastalking.SMS import SMSService
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.sms.safe_text import safe_text

# Status codes of a recipient.
ACCEPTED = frozenset({100, 101, 102})  # Processed, Sent, Queued
_TRANSIENT = frozenset({401, 407, 500, 501, 502})  # RiskHold, CouldNotRoute, three errors of theirs
INSUFFICIENT_BALANCE = 405
OPTED_OUT = 406  # UserInBlacklist

BALANCE_PAUSE = 600  # seconds
_CODES = range(1000)
_LONGEST_ID = 100  # characters of the id of an SMS; of the column

# HTTP statuses of a request.
_SUCCESS = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
_ACCOUNT_ERRORS = frozenset({401, 403, 429})  # wrong key, forbidden, too many requests: the same for every message

_NOTHING_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)


class Client(SMSService):
    """The SDK's client; it also raises the HTTP status of an error, where the SDK raises only the text.

    It follows no redirect, which could carry the API key to another host.
    """

    def __init__(self, username: str, api_key: str, url: str | None) -> None:
        super().__init__(username, api_key)
        if url:
            self._baseUrl = f"{url.rstrip('/')}/version1"

    @staticmethod
    def _Service__make_post_request(**request: Any) -> requests.Response:  # noqa: N802 - the SDK's private name
        response = requests.post(**request, allow_redirects=False)  # noqa: S113 - the SDK passes our timeouts
        if response.status_code not in _SUCCESS:  # of others the SDK raises no RequestException
            raise requests.HTTPError(f"HTTP {response.status_code}", response=response)
        return response


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """The status of one phone number."""

    number: str
    code: int
    name: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """The statuses by phone number. Without any, the whole request was rejected, for the reason in `text`."""

    statuses: dict[str, RecipientStatus]
    text: str


def parse(body: object) -> Response | None:
    """Return the parsed response; None if it cannot be read.

    The SDK parses JSON only if the content type is exactly `application/json`; otherwise it returns text.
    """
    try:
        fields: Any = json.loads(body) if isinstance(body, str) else body
        data = fields["SMSMessageData"]
        return Response(_by_number(_statuses(data["Recipients"])), str(data["Message"]))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return None


def _statuses(recipients: Any) -> Iterator[RecipientStatus]:
    for recipient in recipients:
        yield RecipientStatus(
            str(recipient["number"]),
            _code(recipient["statusCode"]),
            str(recipient["status"]),
            _message_id(recipient.get("messageId")),
        )


def _code(given: Any) -> int:
    """Return a status code. Raises ValueError for one that is none, and could be longer than what is stored."""
    code = int(given)
    if code not in _CODES:
        raise ValueError("statusCode")
    return code


def _by_number(statuses: Iterable[RecipientStatus]) -> dict[str, RecipientStatus]:
    """Return one status of each number: if there are several, one that accepts the SMS, so that it is not resent."""
    found: dict[str, RecipientStatus] = {}
    for status in statuses:
        if status.number not in found or status.code in ACCEPTED:
            found[status.number] = status
    return found


def _message_id(given: object) -> str | None:
    """Return the id of an SMS if it can be stored; without it, delivery reports cannot be matched."""
    is_id = isinstance(given, str) and given.isascii() and given.isprintable() and len(given) <= _LONGEST_ID
    return str(given) if is_id else None


def result(response: Response, number: str) -> DeliveryResult:
    """Return the result for one number. A number that is missing from the list may have got its SMS."""
    if not response.statuses:
        return delivery_results.failed(safe_text(response.text))
    status = response.statuses.get(number)
    if status is None:
        return delivery_results.unknown("the provider's answer does not mention it")
    text = f"{status.code} {safe_text(status.name)}"
    if status.code in ACCEPTED:
        return delivery_results.sent(status.message_id)
    if status.code == INSUFFICIENT_BALANCE:
        return insufficient_balance()
    return delivery_results.transient(text) if status.code in _TRANSIENT else delivery_results.failed(text)


def insufficient_balance(delay: float = BALANCE_PAUSE) -> DeliveryResult:
    """Return the result while the balance is used up; the attempt does not count."""
    return DeliveryResult("pending", f"{INSUFFICIENT_BALANCE} InsufficientBalance", delay=delay, attempted=False)


def request_failed(error: requests.RequestException) -> DeliveryResult:
    """Return the result of a request that failed as a whole. It is retried only if no SMS can have been sent."""
    if isinstance(error, requests.HTTPError) and error.response.status_code in _CLIENT_ERRORS:
        status = error.response.status_code
        to_result = delivery_results.unavailable if status in _ACCOUNT_ERRORS else delivery_results.transient
        return to_result(f"HTTP {status}")
    if any(isinstance(cause, _NOTHING_SENT) for cause in _causes(error)):
        return delivery_results.unavailable(type(error).__name__)
    return delivery_results.unknown(type(error).__name__, provider_error=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
