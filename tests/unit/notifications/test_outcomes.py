"""What follows from an attempt to deliver."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.delivery_results import after_attempt

BACKOFF = [5, 30, 120]
MIDDLE = 0.5  # no jitter


@pytest.mark.parametrize(("attempt", "delay"), [(1, 5), (2, 30), (3, 120)])
def test_each_transient_failure_waits_longer(attempt: int, delay: float) -> None:
    after = after_attempt(delivery_results.transient("SMTP 451"), attempt, BACKOFF, MIDDLE)
    assert (after.status, after.delay, after.error) == ("pending", delay, "SMTP 451")


def test_the_last_transient_failure_is_final() -> None:
    after = after_attempt(delivery_results.transient("SMTP 451"), 4, BACKOFF, MIDDLE)
    assert (after.status, after.error) == ("failed", "SMTP 451")


def test_a_delay_varies_by_a_fifth_either_way() -> None:
    delays = [after_attempt(delivery_results.transient("x"), 2, BACKOFF, chance).delay for chance in (0, 1)]
    assert delays == pytest.approx([24, 36])


def test_a_failure_may_ask_for_a_longer_delay_than_the_usual() -> None:
    assert after_attempt(delivery_results.transient("x", 3600), 1, BACKOFF, MIDDLE).delay == 3600


def test_what_nobody_came_to_is_due_at_once_however_often_it_was_tried() -> None:
    after = after_attempt(delivery_results.untouched(), 9, BACKOFF, MIDDLE)
    assert (after.status, after.delay) == ("pending", 0)


def test_a_provider_that_is_away_costs_no_attempt_however_often_it_was_tried() -> None:
    after = after_attempt(delivery_results.away("SMTP 535"), 9, BACKOFF, MIDDLE)
    assert (after.status, after.delay, after.error, after.tried) == ("pending", 0, "SMTP 535", False)


@pytest.mark.parametrize(
    "outcome", [delivery_results.sent("id"), delivery_results.failed("x"), delivery_results.unknown("x")]
)
def test_everything_else_stays_as_it_is(outcome: delivery_results.Outcome) -> None:
    assert after_attempt(outcome, 1, BACKOFF, MIDDLE) == outcome
