import pytest

from dev.fakes.sms import message_data
from dev.fakes.sms.rules import STATUSES, report, status_code


@pytest.mark.parametrize("number", ["0711223344", "+2547", "+254711abc344", "", "+0254711223344", "+2547112233445566"])
def test_invalid_number_is_rejected(number: str) -> None:
    assert STATUSES[status_code(number)] == "InvalidPhoneNumber"


def test_last_four_digits_choose_the_status() -> None:
    assert status_code("+254711223344") == 101
    assert {code: status_code(f"+25471100{code:04d}") for code in STATUSES} == {code: code for code in STATUSES}


def test_last_four_digits_choose_the_delivery_report() -> None:
    reports = [report(f"+25471122{digits}")[0] for digits in ("3344", "1001", "1002")]
    assert reports == ["Success", "Failed", "Rejected"]


def test_only_accepted_recipients_are_charged() -> None:
    entry = {"statusCode": 101, "number": "+254711223344", "status": "Success", "cost": "KES 0.8000", "messageId": "x"}
    data = message_data([{**entry, "accepted": True}, {**entry, "accepted": False}])
    assert data["Message"] == "Sent to 1/2 Total Cost: KES 0.8000"
    assert len(data["Recipients"]) == 2
