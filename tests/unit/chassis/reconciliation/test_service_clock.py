"""The clock of another service, measured by the time in its replies."""

import time
from datetime import datetime, timedelta

import pytest

from chassis import clock
from chassis.reconciliation.service_clock import ServiceClock

BEHIND = timedelta(seconds=-8)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop both clocks of this host: a test that is interrupted would measure its own pause."""
    now, seconds = clock.now(), time.monotonic()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(time, "monotonic", lambda: seconds)


@pytest.fixture
def service_clock() -> ServiceClock:
    return ServiceClock()


def measure(measured: ServiceClock, difference: timedelta, took: float = 0.01) -> None:
    """Measure a clock that differs from the one here, by a call that took some seconds."""
    measured.measure(time.monotonic() - took, clock.now() + difference - timedelta(seconds=took / 2))


def test_time_is_that_of_this_host_before_the_first_measurement(service_clock: ServiceClock) -> None:
    before = clock.now()
    assert before <= service_clock.now() <= clock.now()


def test_time_is_exactly_that_of_this_host_if_the_clocks_do_not_differ(
    service_clock: ServiceClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(service_clock, timedelta())
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert service_clock.now() == now


def test_difference_is_known_as_exactly_as_the_fastest_call(service_clock: ServiceClock) -> None:
    for took in (2, 0.01, 1):
        measure(service_clock, BEHIND, took)
    assert abs(service_clock.now() - (clock.now() + BEHIND)) < timedelta(seconds=0.01)


def test_time_does_not_change_if_the_clock_of_this_host_is_set(
    service_clock: ServiceClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(service_clock, timedelta())
    right = clock.now

    def wrong() -> datetime:
        return right() + BEHIND

    monkeypatch.setattr(clock, "now", wrong)
    assert abs(service_clock.now() - right()) < timedelta(seconds=0.01)


def test_clock_that_was_set_counts_from_the_next_measurement(service_clock: ServiceClock) -> None:
    measure(service_clock, timedelta())
    measure(service_clock, BEHIND)
    assert abs(service_clock.now() - (clock.now() + BEHIND)) < timedelta(seconds=0.01)
