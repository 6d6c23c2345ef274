"""The daily limits of SMS."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels import delivery_results
from notifications.channels.sms import daily_limits
from notifications.channels.sms.daily_limits import BUDGET_USED_UP, Limits, decide

ADA, BEN, CLEO = "+254711000001", "+254711000002", "+254711000003"


def limits(per_number: int = 100, budget: int | None = None) -> Limits:
    return Limits(per_number, budget, b"key")


def test_budget_goes_to_the_first_numbers() -> None:
    decision = decide(limits(budget=10), {ADA: 0, BEN: 0, CLEO: 0}, 8)
    assert (decision.allowed, decision.rejected) == ([ADA, BEN], {CLEO: BUDGET_USED_UP})


def test_number_over_its_limit_does_not_use_the_budget() -> None:
    decision = decide(limits(per_number=5, budget=1), {ADA: 5, BEN: 4}, 0)
    assert decision.allowed == [BEN]
    assert decision.rejected == {ADA: delivery_results.cancelled("this number has had its 5 SMS for today")}


@given(
    sent_today=st.dictionaries(st.from_regex(r"\+[1-9]\d{9}", fullmatch=True), st.integers(0, 6)),
    total=st.integers(0, 10),
    budget=st.none() | st.integers(0, 15),
    per_number=st.integers(0, 6),
)
def test_decision_uses_the_limits_exactly(
    sent_today: dict[str, int], total: int, budget: int | None, per_number: int
) -> None:
    decision = decide(limits(per_number, budget), sent_today, total)
    assert sorted([*decision.allowed, *decision.rejected]) == sorted(sent_today)
    assert all(sent_today[number] < per_number for number in decision.allowed)
    below_limit = sum(count < per_number for count in sent_today.values())
    left = below_limit if budget is None else max(0, budget - total)
    assert len(decision.allowed) == min(below_limit, left)


def test_number_is_counted_under_a_keyed_hash() -> None:
    subject = limits().subject(ADA)
    assert len(subject) == 64
    assert ADA[1:] not in subject
    assert subject != Limits(100, None, b"another key").subject(ADA)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("SMS_PER_NUMBER", {"per_number": None}),
        ("SMS_PER_NUMBER", {"per_number": "many"}),
        ("SMS_DAILY_BUDGET", {"daily_budget": -1}),
        ("SMS_DAILY_BUDGET", {"daily_budget": True}),
        ("SMS_DAILY_BUDGET", {"daily_budget": 1.5}),
    ],
)
def test_invalid_limit_is_rejected_with_its_variable(name: str, wrong: dict[str, Any]) -> None:
    settings = {"per_number": 100, "daily_budget": None, "api_key": "key"} | wrong
    with pytest.raises(ValueError, match=name):
        daily_limits.from_settings(settings)


def test_missing_budget_means_no_total_limit() -> None:
    assert daily_limits.from_settings({"per_number": 1, "daily_budget": None, "api_key": "key"}) == limits(per_number=1)
