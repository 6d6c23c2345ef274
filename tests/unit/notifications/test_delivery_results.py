"""The retry policy."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult, after_attempt

BACKOFF = [5, 30, 120]
MIDDLE = 0.5  # no jitter


def pending(delay: float, error: str | None = None, *, attempted: bool = True) -> DeliveryResult:
    return DeliveryResult("pending", error, delay=delay, attempted=attempted)


@pytest.mark.parametrize(
    ("result", "attempt", "expected"),
    [
        (delivery_results.transient("x"), 1, pending(5, "x")),
        (delivery_results.transient("x"), 2, pending(30, "x")),
        (delivery_results.transient("x"), 3, pending(120, "x")),
        (delivery_results.transient("x"), 4, delivery_results.failed("x")),
        (delivery_results.transient("x", 3600), 1, pending(3600, "x")),
        (delivery_results.not_attempted(), 9, pending(0, attempted=False)),
        (delivery_results.unavailable("x"), 9, delivery_results.unavailable("x")),
        (delivery_results.sent("id"), 1, delivery_results.sent("id")),
        (delivery_results.failed("x"), 1, delivery_results.failed("x")),
        (delivery_results.unknown("x"), 1, delivery_results.unknown("x")),
    ],
    ids=[
        *("first", "second", "third and last delay", "last attempt", "longer delay", "not attempted", "unavailable"),
        *("sent", "failed", "unknown"),
    ],
)
def test_only_attempts_that_may_succeed_later_are_retried(
    result: DeliveryResult, attempt: int, expected: DeliveryResult
) -> None:
    assert after_attempt(result, attempt, BACKOFF, MIDDLE) == expected


def test_jitter_is_a_fifth_either_way() -> None:
    delays = [after_attempt(delivery_results.transient("x"), 2, BACKOFF, random).delay for random in (0, 1)]
    assert delays == pytest.approx([24, 36])
