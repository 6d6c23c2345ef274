"""What Africa's Talking's delivery reports mean."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms.provider_statuses import is_opt_out, meaning


def test_success_means_delivered() -> None:
    assert meaning("Success", None) == Outcome("delivered")


@pytest.mark.parametrize("status", ["Failed", "Rejected"])
def test_what_was_not_delivered_failed_with_its_reason(status: str) -> None:
    assert meaning(status, "AbsentSubscriber") == delivery_results.failed(f"{status}: AbsentSubscriber")
    assert meaning(status, None) == delivery_results.failed(status)


@pytest.mark.parametrize("status", ["Sent", "Submitted", "Buffered", "Queued", "success", "", "Whatever"])
def test_everything_else_decides_nothing(status: str) -> None:
    assert meaning(status, "AbsentSubscriber") is None


@pytest.mark.parametrize("reason", ["+254711000001", "no route to 254711000001", "x" * 41, "a\nb"])
def test_a_reason_that_may_hold_a_number_is_not_repeated(reason: str) -> None:
    assert meaning("Failed", reason) == delivery_results.failed("Failed: refused")


@pytest.mark.parametrize("reason", ["UserInBlackList", "UserInBlacklist"])
def test_a_blacklisted_user_wants_no_more_sms(reason: str) -> None:
    assert is_opt_out(reason)


@pytest.mark.parametrize("reason", [None, "", "AbsentSubscriber", "DoNotDisturbRejection", "NotInBlacklist"])
def test_nobody_else_is_taken_for_an_opt_out(reason: str | None) -> None:
    assert not is_opt_out(reason)
