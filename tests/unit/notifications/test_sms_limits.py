"""The rules of how many SMS a day may see."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels import delivery_results
from notifications.channels.sms import daily_limits
from notifications.channels.sms.daily_limits import USED_UP, Limits, decide

ADA, BEN, CLEO = "+254711000001", "+254711000002", "+254711000003"


def limits(per_number: int = 100, budget: int | None = None) -> Limits:
    return Limits(per_number, budget, b"key")


def test_within_the_limits_everybody_gets_a_message() -> None:
    assert decide(limits(budget=2), {ADA: 0, BEN: 99}, 0).granted == [ADA, BEN]


def test_the_budget_serves_whoever_comes_first() -> None:
    decision = decide(limits(budget=10), {ADA: 0, BEN: 0, CLEO: 0}, 8)
    assert (decision.granted, decision.rejected) == ([ADA, BEN], {CLEO: USED_UP})


def test_a_number_that_had_its_share_takes_nothing_from_the_budget() -> None:
    decision = decide(limits(per_number=5, budget=1), {ADA: 5, BEN: 4}, 0)
    assert decision.granted == [BEN]
    assert decision.rejected == {ADA: delivery_results.cancelled("this number has had its 5 SMS for today")}


def test_a_budget_of_nothing_sends_nothing() -> None:
    assert decide(limits(budget=0), {ADA: 0}, 0).rejected == {ADA: USED_UP}


def test_a_limit_that_was_lowered_below_what_went_out_counts() -> None:
    assert decide(limits(budget=5), {ADA: 0}, 9).granted == []


@given(
    had=st.dictionaries(st.from_regex(r"\+[1-9]\d{9}", fullmatch=True), st.integers(0, 6)),
    total=st.integers(0, 10),
    budget=st.none() | st.integers(0, 15),
    per_number=st.integers(0, 6),
)
def test_no_decision_exceeds_a_limit_or_wastes_it(
    had: dict[str, int], total: int, budget: int | None, per_number: int
) -> None:
    decision = decide(limits(per_number, budget), had, total)
    assert sorted([*decision.granted, *decision.rejected]) == sorted(had)
    assert all(had[number] < per_number for number in decision.granted)
    welcome = sum(count < per_number for count in had.values())
    left = welcome if budget is None else max(0, budget - total)
    assert len(decision.granted) == min(welcome, left)


def test_a_number_is_counted_under_a_hash_that_needs_the_key() -> None:
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
def test_a_limit_that_is_no_number_stops_the_start_and_is_named(name: str, wrong: dict[str, Any]) -> None:
    config = {"per_number": 100, "daily_budget": None, "api_key": "key"} | wrong
    with pytest.raises(ValueError, match=name):
        daily_limits.of(config)


def test_without_a_budget_there_is_no_limit_for_all_together() -> None:
    assert daily_limits.of({"per_number": 1, "daily_budget": None, "api_key": "key"}) == limits(per_number=1)
