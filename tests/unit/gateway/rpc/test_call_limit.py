"""How many calls a slow service gets at a time."""

import time
from contextlib import suppress

import gevent
import pytest
from gevent.event import Event

from chassis.errors import Unavailable
from gateway.rpc.call_limit import FEWEST, CallLimit

MOST = 32
DEADLINE = 10  # seconds
LATE, IN_TIME = 6, 1  # seconds that a call takes


class Clock:
    """Replaces time.monotonic."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def run_round(limit: CallLimit, clock: Clock, seconds: float) -> int:
    """Run as many calls at a time as the limit allows, all as long; return their number."""
    end, running = Event(), []

    def call() -> None:
        with limit.call(DEADLINE):
            running.append(1)
            end.wait()

    calls = [gevent.spawn(call) for _ in range(MOST + 1)]
    gevent.sleep(0)
    started = len(running)
    gevent.killall(calls[started:])
    clock.now += seconds
    end.set()
    gevent.joinall(calls)
    return started


def test_each_round_of_late_calls_is_half_as_large(clock: Clock) -> None:
    limit = CallLimit(MOST, 0.1)
    assert [run_round(limit, clock, LATE) for _ in range(5)] == [32, 16, 8, FEWEST, FEWEST]


def test_calls_in_time_raise_the_limit_to_what_it_was(clock: Clock) -> None:
    limit = CallLimit(MOST, 0.1)
    for _ in range(3):
        run_round(limit, clock, LATE)
    rounds = [run_round(limit, clock, IN_TIME) for _ in range(MOST)]
    assert rounds == sorted(rounds)
    assert rounds[0] == FEWEST
    assert rounds[-1] == MOST


def test_limit_below_the_fewest_calls_stays(clock: Clock) -> None:
    limit = CallLimit(2, 0.1)
    assert [run_round(limit, clock, LATE) for _ in range(3)] == [2, 2, 2]


def test_call_that_fails_late_counts_like_one_that_succeeds_late(clock: Clock) -> None:
    limit = CallLimit(MOST, 0.1)
    with suppress(Unavailable), limit.call(DEADLINE):
        clock.now += LATE
        raise Unavailable("late")
    assert run_round(limit, clock, IN_TIME) == MOST / 2
