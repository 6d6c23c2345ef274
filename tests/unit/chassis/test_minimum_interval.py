"""Minimum intervals between starts."""

import eventlet
import pytest

from chassis.minimum_interval import MinimumInterval

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")


def test_first_start_does_not_wait_and_the_next_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(eventlet, "sleep", waits.append)
    interval = MinimumInterval(60)
    interval.wait()
    interval.start()
    assert waits == []
    interval.wait()
    assert len(waits) == 1
    assert 0 < waits[0] <= 60


def test_start_after_the_interval_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventlet, "sleep", lambda _seconds: pytest.fail("it waits"))
    interval = MinimumInterval(0)
    interval.start()
    interval.wait()
