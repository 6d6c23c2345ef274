"""The age of requests by the monotonic clocks of two machines, which have different origins."""

import pytest

from chassis.rpc import age
from chassis.rpc.age import Ages

OFFSET = 5_000.0  # between the two clocks, in seconds


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(age, "time", clock)
    return clock


def test_age_is_the_time_beyond_that_of_the_fastest_request(clock: Clock) -> None:
    ages = Ages()
    assert ages.age("gateway", clock.now - 0.5 + OFFSET) == 0
    assert ages.age("gateway", clock.now - 0.1 + OFFSET) == 0
    assert ages.age("gateway", clock.now - 6.1 + OFFSET) == pytest.approx(6)


def test_each_sender_has_a_clock_of_its_own(clock: Clock) -> None:
    ages = Ages()
    ages.age("one", clock.now + OFFSET)
    assert ages.age("two", clock.now - OFFSET) == 0


def test_late_requests_do_not_change_what_counts_as_late(clock: Clock) -> None:
    ages = Ages()
    ages.age("gateway", clock.now)
    clock.now += age.WINDOW + 1
    assert [ages.age("gateway", clock.now - late) for late in (6, 7, 6)] == pytest.approx([6, 7, 6])


def test_sender_that_was_suspended_is_measured_anew_after_two_windows(clock: Clock) -> None:
    ages = Ages()
    ages.age("gateway", clock.now)
    for _ in range(2):
        clock.now += age.WINDOW + 1
        assert ages.age("gateway", clock.now - 30) == pytest.approx(30)
    assert ages.age("gateway", clock.now - 30) == 0


def test_oldest_sender_is_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "SENDERS", 1)
    ages = Ages()
    ages.age("one", clock.now)
    ages.age("two", clock.now)
    assert ages.age("one", clock.now - 30) == 0


def test_first_request_of_a_sender_has_the_age_of_the_time_of_day(clock: Clock) -> None:
    ages = Ages()
    assert ages.age("gateway", clock.now - 8, by_time_of_day=8) == 8
    assert ages.age("gateway", clock.now, by_time_of_day=20) == 0
    assert ages.age("gateway", clock.now - 8) == pytest.approx(8)
