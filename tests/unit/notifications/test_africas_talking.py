"""Delivery results of Africa's Talking's responses and errors."""

import json
from typing import Any

import pytest
import requests

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.sms import africas_talking

NUMBER = "+254711000001"


def response(*recipients: dict[str, Any], message: str = "Sent to 1/1") -> dict[str, Any]:
    return {"SMSMessageData": {"Message": message, "Recipients": list(recipients)}}


def recipient(code: int, status: str = "Success") -> dict[str, Any]:
    return {"statusCode": code, "number": NUMBER, "status": status, "cost": "0", "messageId": "ATXid_1"}


def result(body: object) -> DeliveryResult:
    parsed = africas_talking.parse(body)
    assert parsed is not None
    return africas_talking.result(parsed, NUMBER)


def http_error(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("error", response=response)


SENT = DeliveryResult("sent", provider_id="ATXid_1")
NO_BALANCE = DeliveryResult("pending", "405 InsufficientBalance", delay=600, attempted=False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *((code, SENT) for code in (100, 101, 102)),
        *((code, DeliveryResult("pending", f"{code} Text")) for code in (401, 407, 500, 501, 502)),
        *((code, DeliveryResult("failed", f"{code} Text")) for code in (402, 403, 404, 406, 409)),
        (405, NO_BALANCE),
    ],
)
def test_status_code_of_a_number_decides_its_result(code: int, expected: DeliveryResult) -> None:
    assert result(response(recipient(code, "InsufficientBalance" if code == 405 else "Text"))) == expected


def test_number_missing_from_the_response_is_unknown() -> None:
    other = recipient(101) | {"number": "+254711000002"}
    assert result(response(other)).status == "unknown"


@pytest.mark.parametrize("codes", [(101, 500), (500, 101), (101, 403, 407)])
def test_number_with_several_statuses_is_sent_if_one_accepts_it(codes: tuple[int, ...]) -> None:
    """Otherwise an SMS that was accepted could be sent again."""
    assert result(response(*map(recipient, codes))).status == "sent"


@pytest.mark.parametrize("given", [5, {}, "x" * 101, "\ud800", "a\0"])
def test_id_that_cannot_be_stored_is_left_out(given: object) -> None:
    assert result(response(recipient(101) | {"messageId": given})) == DeliveryResult("sent")


def test_request_rejected_as_a_whole_is_a_permanent_failure() -> None:
    assert result(response(message="InvalidSenderId")) == DeliveryResult("failed", "InvalidSenderId")


def test_json_that_arrives_as_text_is_parsed() -> None:
    assert result(json.dumps(response(recipient(101)))).status == "sent"


@pytest.mark.parametrize(
    "body",
    ["OK", "", "[]", "[" * 100_000, {}, None, {"SMSMessageData": {"Recipients": [{}]}}, response(recipient(10**400))],
)
def test_unreadable_response_is_parsed_as_none(body: object) -> None:
    assert africas_talking.parse(body) is None


def test_status_that_contains_the_number_is_not_stored() -> None:
    assert NUMBER not in (result(response(recipient(403, f"Invalid {NUMBER}"))).error or "")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (http_error(400), delivery_results.transient("HTTP 400")),
        (http_error(401), delivery_results.unavailable("HTTP 401")),
        (http_error(429), delivery_results.unavailable("HTTP 429")),
        *((http_error(status), delivery_results.unknown("HTTPError", provider_error=True)) for status in (500, 502)),
        (requests.ReadTimeout(), delivery_results.unknown("ReadTimeout", provider_error=True)),
        (requests.ConnectionError("aborted"), delivery_results.unknown("ConnectionError", provider_error=True)),
    ],
)
def test_http_4xx_is_retried_and_http_5xx_or_a_lost_connection_is_unknown(
    error: requests.RequestException, expected: DeliveryResult
) -> None:
    assert africas_talking.request_failed(error) == expected


def test_refused_connection_is_unavailable() -> None:
    with pytest.raises(requests.ConnectionError) as raised:
        requests.post("http://127.0.0.1:9", timeout=2)
    assert africas_talking.request_failed(raised.value) == delivery_results.unavailable("ConnectionError")
