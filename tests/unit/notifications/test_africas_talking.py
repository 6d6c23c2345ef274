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


@pytest.mark.parametrize("code", [100, 101, 102])
def test_accepted_status_is_sent_with_the_id_of_the_provider(code: int) -> None:
    assert result(response(recipient(code))) == DeliveryResult("sent", provider_id="ATXid_1")


@pytest.mark.parametrize("code", [401, 407, 500, 501, 502])
def test_transient_status_is_retried(code: int) -> None:
    assert result(response(recipient(code, "RiskHold"))) == DeliveryResult("pending", f"{code} RiskHold")


@pytest.mark.parametrize("code", [402, 403, 404, 406, 409])
def test_other_status_is_a_permanent_failure(code: int) -> None:
    assert result(response(recipient(code, "UserInBlacklist"))) == DeliveryResult("failed", f"{code} UserInBlacklist")


def test_insufficient_balance_delays_the_next_attempt_and_does_not_count() -> None:
    assert result(response(recipient(405, "InsufficientBalance"))) == DeliveryResult(
        "pending", "405 InsufficientBalance", delay=600, attempted=False
    )


def test_number_missing_from_the_response_is_unknown() -> None:
    other = recipient(101) | {"number": "+254711000002"}
    assert result(response(other)).status == "unknown"


def test_request_rejected_as_a_whole_is_a_permanent_failure() -> None:
    assert result(response(message="InvalidSenderId")) == DeliveryResult("failed", "InvalidSenderId")


def test_json_that_arrives_as_text_is_parsed() -> None:
    assert result(json.dumps(response(recipient(101)))).status == "sent"


@pytest.mark.parametrize("body", ["OK", "", "[]", {}, None, {"SMSMessageData": {"Recipients": [{}]}}])
def test_unreadable_response_is_parsed_as_none(body: object) -> None:
    assert africas_talking.parse(body) is None


def test_status_that_contains_the_number_is_not_stored() -> None:
    assert NUMBER not in (result(response(recipient(403, f"Invalid {NUMBER}"))).error or "")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, delivery_results.transient("HTTP 400")),
        (401, delivery_results.unavailable("HTTP 401")),
        (429, delivery_results.unavailable("HTTP 429")),
        (500, delivery_results.unknown("HTTPError", provider_error=True)),
        (502, delivery_results.unknown("HTTPError", provider_error=True)),
    ],
)
def test_http_4xx_is_retried_and_http_5xx_is_unknown(status: int, expected: DeliveryResult) -> None:
    assert africas_talking.request_failed(http_error(status)) == expected


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectionError("aborted")])
def test_connection_lost_during_a_request_is_unknown(error: requests.RequestException) -> None:
    assert africas_talking.request_failed(error) == delivery_results.unknown(type(error).__name__, provider_error=True)


def test_refused_connection_is_unavailable() -> None:
    with pytest.raises(requests.ConnectionError) as raised:
        requests.post("http://127.0.0.1:9", timeout=2)
    assert africas_talking.request_failed(raised.value) == delivery_results.unavailable("ConnectionError")
