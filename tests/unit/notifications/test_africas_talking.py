"""What Africa's Talking's answers and errors mean."""

import json
from typing import Any

import pytest
import requests

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms import africas_talking

NUMBER = "+254711000001"


def answer(*recipients: dict[str, Any], message: str = "Sent to 1/1") -> dict[str, Any]:
    return {"SMSMessageData": {"Message": message, "Recipients": list(recipients)}}


def recipient(code: int, status: str = "Success") -> dict[str, Any]:
    return {"statusCode": code, "number": NUMBER, "status": status, "cost": "0", "messageId": "ATXid_1"}


def outcome(body: object) -> Outcome:
    read = africas_talking.read(body)
    assert read is not None
    return africas_talking.outcome(read, NUMBER)


def http_error(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("rejected", response=response)


@pytest.mark.parametrize("code", [100, 101, 102])
def test_a_good_status_is_sent_and_keeps_the_providers_id(code: int) -> None:
    assert outcome(answer(recipient(code))) == Outcome("sent", provider_id="ATXid_1")


@pytest.mark.parametrize("code", [401, 407, 500, 501, 502])
def test_a_passing_trouble_is_tried_again(code: int) -> None:
    assert outcome(answer(recipient(code, "RiskHold"))) == Outcome("pending", f"{code} RiskHold")


@pytest.mark.parametrize("code", [402, 403, 404, 406, 409])
def test_any_other_rejection_is_final(code: int) -> None:
    assert outcome(answer(recipient(code, "UserInBlacklist"))) == Outcome("failed", f"{code} UserInBlacklist")


def test_without_money_the_next_attempt_waits_and_this_one_does_not_count() -> None:
    assert outcome(answer(recipient(405, "InsufficientBalance"))) == Outcome(
        "pending", "405 InsufficientBalance", delay=600, tried=False
    )


def test_a_number_that_the_answer_leaves_out_is_unknown() -> None:
    other = recipient(101) | {"number": "+254711000002"}
    assert outcome(answer(other)).status == "unknown"


def test_a_request_that_was_rejected_as_a_whole_is_final() -> None:
    assert outcome(answer(message="InvalidSenderId")) == Outcome("failed", "InvalidSenderId")


def test_json_under_another_content_type_arrives_as_text_and_is_read() -> None:
    assert outcome(json.dumps(answer(recipient(101)))).status == "sent"


@pytest.mark.parametrize("body", ["OK", "", "[]", {}, None, {"SMSMessageData": {"Recipients": [{}]}}])
def test_what_cannot_be_read_is_not_guessed(body: object) -> None:
    assert africas_talking.read(body) is None


def test_a_status_that_repeats_the_number_is_not_stored() -> None:
    assert NUMBER not in (outcome(answer(recipient(403, f"Invalid {NUMBER}"))).error or "")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, delivery_results.transient("HTTP 400")),
        (401, delivery_results.away("HTTP 401")),
        (429, delivery_results.away("HTTP 429")),
        (500, delivery_results.unknown("HTTPError", trouble=True)),
        (502, delivery_results.unknown("HTTPError", trouble=True)),
    ],
)
def test_a_rejected_request_is_tried_again_and_a_broken_one_is_not(status: int, expected: Outcome) -> None:
    assert africas_talking.after(http_error(status)) == expected


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectionError("aborted")])
def test_a_connection_that_died_on_the_way_is_unknown(error: requests.RequestException) -> None:
    assert africas_talking.after(error) == delivery_results.unknown(type(error).__name__, trouble=True)


def test_a_number_that_nobody_listens_on_got_nothing() -> None:
    with pytest.raises(requests.ConnectionError) as raised:
        requests.post("http://127.0.0.1:9", timeout=2)
    assert africas_talking.after(raised.value) == delivery_results.away("ConnectionError")
