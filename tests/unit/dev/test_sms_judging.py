"""What becomes of a message to a number."""

import pytest

from docker.dev.sms_simulator.judging import STATUSES, judge, report
from docker.dev.sms_simulator.replies import message_data


def test_an_ordinary_number_gets_its_message() -> None:
    assert judge("+254711223344").code == 101
    assert judge("+254711223344").accepted


@pytest.mark.parametrize("number", ["0711223344", "+2547", "+254711abc344", "", "+0254711223344", "+2547112233445566"])
def test_what_is_no_number_is_refused(number: str) -> None:
    assert judge(number).status == "InvalidPhoneNumber"


@pytest.mark.parametrize("code", sorted(STATUSES))
def test_the_last_four_digits_ask_for_a_status(code: int) -> None:
    verdict = judge(f"+25471100{code:04d}")
    assert verdict.code == code
    assert verdict.accepted == (code < 400)


def test_the_delivery_report_may_say_otherwise_later() -> None:
    assert report("+254711223344")[0] == "Success"
    assert report("+254711001001")[0] == "Failed"
    assert report("+254711001002")[0] == "Rejected"


def test_the_answer_counts_and_charges_only_what_was_accepted() -> None:
    entry = {"statusCode": 101, "number": "+254711223344", "status": "Success", "cost": "KES 0.8000", "messageId": "x"}
    data = message_data([{**entry, "accepted": True}, {**entry, "accepted": False}])
    assert data["Message"] == "Sent to 1/2 Total Cost: KES 0.8000"
    assert len(data["Recipients"]) == 2
