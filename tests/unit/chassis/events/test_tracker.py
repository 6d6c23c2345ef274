import time
from types import SimpleNamespace

import pytest

from chassis.events import tracker
from chassis.events.tracker import EventTracker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_event_is_busy_while_it_runs_and_while_it_waits_for_a_retry(clock: SimpleNamespace) -> None:
    events = EventTracker()
    events.start("a")
    assert (events.busy(), events.running, events.handled) == (["a"], True, [])
    events.retry("a", 30)
    assert (events.busy(), events.running) == (["a"], False)
    clock.now += 30 + tracker.MARGIN + 1
    assert events.busy() == [], "it should be back by now"


def test_finished_event_is_handled_until_it_is_forgotten() -> None:
    events = EventTracker()
    for event in ("a", "b"):
        events.start(event)
        events.finish(event)
    assert (events.busy(), events.handled) == ([], ["a", "b"])
    events.forget(["a", "unknown"])
    assert events.handled == ["b"]


def test_event_that_returns_to_its_queue_is_neither_busy_nor_handled() -> None:
    events = EventTracker()
    events.start("a")
    events.interrupt("a")
    assert (events.busy(), events.handled) == ([], [])


def test_old_and_surplus_handled_events_are_forgotten(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "MAX_HANDLED", 2)
    events = EventTracker()
    for event in ("a", "b", "c"):
        events.finish(event)
        clock.now += 10
    assert events.handled == ["b", "c"]
    events.forget_older(15)
    assert events.handled == ["c"]
