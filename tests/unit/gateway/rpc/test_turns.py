"""The order in which callers have their turns."""

import gevent
import pytest
from gevent.event import Event

from chassis.errors import Unavailable
from gateway.rpc.turns import Turns

LIMIT = 5  # seconds


class Callers:
    """Callers that wait for a turn, one after the other; `served` has their names in the order of their turns."""

    def __init__(self, turns: Turns) -> None:
        self.served: list[str] = []
        self._turns = turns
        self._waiting: list[gevent.Greenlet[[str], None]] = []

    def wait(self, name: str) -> "gevent.Greenlet[[str], None]":
        waiting = gevent.spawn(self._take, name)
        self._waiting.append(waiting)
        gevent.sleep(0)
        return waiting

    def join(self) -> None:
        gevent.joinall(self._waiting, timeout=LIMIT, raise_error=True)

    def _take(self, name: str) -> None:
        with self._turns.turn():
            self.served.append(name)


def test_callers_are_served_in_order_of_arrival() -> None:
    turns = Turns(1, LIMIT)
    callers = Callers(turns)
    with turns.turn():
        for name in ("first", "second", "third"):
            callers.wait(name)
    callers.join()
    assert callers.served == ["first", "second", "third"]


def test_newest_callers_are_next_while_the_oldest_waits_too_long() -> None:
    turns = Turns(1, LIMIT, patience=0)
    callers = Callers(turns)
    with turns.turn():
        for name in ("first", "second", "third"):
            callers.wait(name)
    callers.join()
    assert callers.served == ["third", "second", "first"]


def test_caller_without_a_turn_in_time_is_rejected_and_takes_none() -> None:
    turns = Turns(1, 0)
    with turns.turn(), pytest.raises(Unavailable, match="overloaded"), turns.turn():
        pass
    with turns.turn():
        pass


@pytest.mark.parametrize("granted", [True, False], ids=["with a turn", "without a turn"])
def test_caller_that_is_killed_while_it_waits_keeps_no_turn(*, granted: bool) -> None:
    turns = Turns(1, LIMIT)
    callers = Callers(turns)
    with turns.turn():
        killed = callers.wait("killed")
        killed.kill(block=not granted)  # without blocking, it ends just after it was granted a turn
    killed.join(LIMIT)
    with gevent.Timeout(LIMIT), turns.turn():
        pass
    assert callers.served == []


def test_lower_limit_lets_nobody_in_until_fewer_turns_are_held() -> None:
    turns = Turns(3, LIMIT)
    held, callers, end = Event(), Callers(turns), [Event() for _ in range(3)]

    def hold(number: int) -> None:
        with turns.turn():
            held.set()
            end[number].wait(LIMIT)

    holders = [gevent.spawn(hold, number) for number in range(3)]
    assert held.wait(LIMIT)
    turns.limit = 1
    callers.wait("next")
    for number in range(2):
        end[number].set()
        holders[number].join(LIMIT)
        gevent.sleep(0)
        assert callers.served == []
    end[2].set()
    callers.join()
    assert callers.served == ["next"]
