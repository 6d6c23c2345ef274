"""The retry policy."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.delivery_results import after_attempt

BACKOFF = [5, 30, 120]
MIDDLE = 0.5  # no jitter


@pytest.mark.parametrize(("attempt", "delay"), [(1, 5), (2, 30), (3, 120)])
def test_delay_grows_with_each_transient_failure(attempt: int, delay: float) -> None:
    after = after_attempt(delivery_results.transient("SMTP 451"), attempt, BACKOFF, MIDDLE)
    assert (after.status, after.delay, after.error) == ("pending", delay, "SMTP 451")


def test_transient_failure_of_the_last_attempt_is_permanent() -> None:
    after = after_attempt(delivery_results.transient("SMTP 451"), 4, BACKOFF, MIDDLE)
    assert (after.status, after.error) == ("failed", "SMTP 451")


def test_jitter_is_a_fifth_either_way() -> None:
    delays = [after_attempt(delivery_results.transient("x"), 2, BACKOFF, random).delay for random in (0, 1)]
    assert delays == pytest.approx([24, 36])


def test_failure_with_a_longer_delay_keeps_it() -> None:
    assert after_attempt(delivery_results.transient("x", 3600), 1, BACKOFF, MIDDLE).delay == 3600


def test_delivery_that_was_not_attempted_is_due_at_once() -> None:
    after = after_attempt(delivery_results.not_attempted(), 9, BACKOFF, MIDDLE)
    assert (after.status, after.delay) == ("pending", 0)


def test_unavailable_provider_costs_no_attempt() -> None:
    after = after_attempt(delivery_results.unavailable("SMTP 535"), 9, BACKOFF, MIDDLE)
    assert (after.status, after.delay, after.error, after.attempted) == ("pending", 0, "SMTP 535", False)


@pytest.mark.parametrize(
    "result", [delivery_results.sent("id"), delivery_results.failed("x"), delivery_results.unknown("x")]
)
def test_other_results_are_not_changed(result: delivery_results.DeliveryResult) -> None:
    assert after_attempt(result, 1, BACKOFF, MIDDLE) == result
