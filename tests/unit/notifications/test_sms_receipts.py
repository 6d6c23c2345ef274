"""Africa's Talking's delivery reports."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import Receipt
from notifications.channels.sms import receipts
from notifications.contract import ReportDelivery

PHONE = "+254711000001"


def read(status: str, reason: str | None = None) -> Receipt:
    return receipts.read(ReportDelivery(provider_id="ATXid_1", status=status, reason=reason, phone=PHONE))


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("Success", DeliveryResult("delivered")),
        *((status, delivery_results.failed(f"{status}: AbsentSubscriber")) for status in ("Failed", "Rejected")),
        *((status, None) for status in ("Sent", "Submitted", "Buffered", "Queued", "success", "Whatever")),
    ],
)
def test_only_success_failed_and_rejected_are_final(status: str, result: DeliveryResult | None) -> None:
    assert read(status, "AbsentSubscriber") == Receipt("sms", "ATXid_1", result)


@pytest.mark.parametrize("reason", ["+254711000001", "no route to 254711000001", "x" * 41, "a\nb"])
def test_reason_that_may_contain_a_number_is_not_stored(reason: str) -> None:
    assert read("Failed", reason).result == delivery_results.failed("Failed: refused")


@pytest.mark.parametrize(
    ("reason", "phone"),
    [
        *((reason, PHONE) for reason in ("UserInBlackList", "UserInBlacklist")),
        *((reason, None) for reason in (None, "", "AbsentSubscriber", "DoNotDisturbRejection", "NotInBlacklist")),
    ],
)
def test_only_a_blacklisted_user_has_opted_out(reason: str | None, phone: str | None) -> None:
    assert read("Failed", reason).opted_out_phone == phone
