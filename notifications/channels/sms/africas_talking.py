"""Africa's Talking as we need it: their SDK, at a base URL of ours, and what its answers and errors mean."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from africastalking.SMS import SMSService
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms.provider_statuses import plain

SENT = frozenset({100, 101, 102})  # Processed, Sent, Queued
_TRY_LATER = frozenset({401, 407, 500, 501, 502})  # RiskHold, CouldNotRoute, three kinds of their trouble
NO_MONEY = 405  # InsufficientBalance
NO_MONEY_PAUSE = 600  # seconds
OPTED_OUT = 406  # UserInBlacklist
_CLIENT_ERRORS = range(400, 500)
_ABOUT_US = frozenset({401, 403, 429})  # our account, our pace: the same for whatever we send
_NOTHING_WENT_OUT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)


class Client(SMSService):
    """The SDK's client, which also tells the status of a refusal: the SDK raises its text alone."""

    def __init__(self, username: str, api_key: str, url: str | None) -> None:
        super().__init__(username, api_key)
        if url:
            self._baseUrl = f"{url.rstrip('/')}/version1"

    @staticmethod
    def _Service__make_post_request(**request: Any) -> requests.Response:  # noqa: N802 - the SDK's private name
        response = requests.post(**request)  # noqa: S113 - the SDK passes our timeouts
        response.raise_for_status()
        return response


@dataclass(frozen=True, slots=True)
class Status:
    """What was said of one number."""

    number: str
    code: int
    name: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of all numbers of a request. Where nobody is listed, the whole request was rejected with `text`."""

    statuses: dict[str, Status]
    text: str


def read(answer: object) -> Answer | None:
    """Return what an answer says, None where it cannot be read.

    The SDK parses JSON only if the content type is exactly `application/json`; anything else arrives as text.
    """
    try:
        body: Any = json.loads(answer) if isinstance(answer, str) else answer
        data = body["SMSMessageData"]
        return Answer({status.number: status for status in _statuses(data["Recipients"])}, str(data["Message"]))
    except (ValueError, TypeError, KeyError):
        return None


def _statuses(recipients: Any) -> Iterator[Status]:
    for one in recipients:
        yield Status(str(one["number"]), int(one["statusCode"]), str(one["status"]), one.get("messageId"))


def outcome(answer: Answer, number: str) -> Outcome:
    """Say what came of one number; one that a list of others leaves out may have been served all the same."""
    if not answer.statuses:
        return delivery_results.failed(plain(answer.text))
    status = answer.statuses.get(number)
    if status is None:
        return delivery_results.unknown("the provider's answer does not mention it")
    text = f"{status.code} {plain(status.name)}"
    if status.code in SENT:
        return delivery_results.sent(status.message_id)
    if status.code == NO_MONEY:
        return no_money()
    return delivery_results.transient(text) if status.code in _TRY_LATER else delivery_results.failed(text)


def no_money() -> Outcome:
    """Tell that nothing goes out until somebody has paid; it counts as no attempt, however long that takes."""
    return Outcome("pending", f"{NO_MONEY} InsufficientBalance", delay=NO_MONEY_PAUSE, tried=False)


def after(error: requests.RequestException) -> Outcome:
    """Read an error of a whole request: only what surely never went out is tried again."""
    if isinstance(error, requests.HTTPError) and error.response.status_code in _CLIENT_ERRORS:
        text = f"HTTP {error.response.status_code}"
        return (
            delivery_results.away(text) if error.response.status_code in _ABOUT_US else delivery_results.transient(text)
        )
    if any(isinstance(cause, _NOTHING_WENT_OUT) for cause in _causes(error)):
        return delivery_results.away(type(error).__name__)
    return delivery_results.unknown(type(error).__name__, trouble=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
