"""Who misses a page that is being made waits for it: one call, in a process and between processes."""

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chassis.errors import DeadlineExceeded, NotFound, Unavailable
from chassis.ids import new_id
from gateway.cache import response_cache
from gateway.cache.response_cache import Answer
from gateway.cache.single_flight import Flights
from gateway.limits.rate_limiter import Counters

MANY = 20
LIMIT = 5  # seconds


class Kitchen:
    """Makes pages, slowly: only when it is told to serve."""

    def __init__(self) -> None:
        self.key = f"page:tests:0:/{new_id()}"
        self.served = Event()
        self.deadlines: list[float] = []
        self.error: Exception | None = None

    def make(self, deadline: float) -> Answer:
        self.deadlines.append(deadline)
        if not self.served.wait(deadline):
            raise DeadlineExceeded("feeds.all did not answer in time.")
        if self.error:
            raise self.error
        return response_cache.answer(b"page", '<next>; rel="next"')

    def ask(self, flights: Flights, deadline: float = LIMIT) -> Answer:
        return flights.page(self.key, self.make, keep=60, deadline=deadline)


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def process(settings: dict[str, Any]) -> Callable[[], Flights]:
    """Make what each process has: flights of its own, and the same Redis."""
    return lambda: Flights(Counters(settings["redis_url"], {}))


def until(fact: Callable[[], object]) -> None:
    with gevent.Timeout(LIMIT):
        while not fact():
            gevent.sleep(0.01)


def test_those_who_miss_a_page_at_the_same_time_cause_one_call(
    process: Callable[[], Flights], kitchen: Kitchen
) -> None:
    processes = [process(), process()]
    asking = [gevent.spawn(kitchen.ask, processes[number % 2]) for number in range(MANY)]
    until(lambda: kitchen.deadlines)
    kitchen.served.set()
    assert [asked.get(timeout=LIMIT) for asked in asking] == [
        response_cache.answer(b"page", '<next>; rel="next"')
    ] * MANY
    assert len(kitchen.deadlines) == 1


def test_a_page_that_is_there_by_now_is_not_made_again(process: Callable[[], Flights], kitchen: Kitchen) -> None:
    kitchen.served.set()
    assert kitchen.ask(process()) == kitchen.ask(process())
    assert len(kitchen.deadlines) == 1


def test_an_error_is_everybodys_who_waits_and_nobodys_who_comes_later(
    process: Callable[[], Flights], kitchen: Kitchen
) -> None:
    flights = process()
    kitchen.error = NotFound("There is no such post.")
    asking = [gevent.spawn(kitchen.ask, flights) for _ in range(MANY)]
    until(lambda: kitchen.deadlines)
    kitchen.served.set()
    for asked in asking:
        with pytest.raises(NotFound):
            asked.get(timeout=LIMIT)
    assert len(kitchen.deadlines) == 1
    kitchen.error = None
    assert kitchen.ask(flights).body == b"page"


def test_another_process_makes_the_page_as_soon_as_the_first_one_has_failed(
    process: Callable[[], Flights], kitchen: Kitchen
) -> None:
    kitchen.error = Unavailable("The service feeds is not there.")
    first = gevent.spawn(kitchen.ask, process())
    until(lambda: kitchen.deadlines)
    second = gevent.spawn(kitchen.ask, process())
    gevent.idle()
    kitchen.served.set()
    for asked in (first, second):
        with pytest.raises(Unavailable):
            asked.get(timeout=LIMIT)
    assert len(kitchen.deadlines) == 2


def test_whoever_waits_for_a_process_that_died_makes_the_page_in_the_second_half_of_their_time(
    process: Callable[[], Flights], kitchen: Kitchen, settings: dict[str, Any]
) -> None:
    Counters(settings["redis_url"], {}).hold(kitchen.key, LIMIT)
    kitchen.served.set()
    assert kitchen.ask(process(), deadline=0.4).body == b"page"
    (left,) = kitchen.deadlines
    assert 0 < left < 0.2


def test_nobody_waits_longer_than_their_deadline(process: Callable[[], Flights], kitchen: Kitchen) -> None:
    flights = process()
    first = gevent.spawn(kitchen.ask, flights)
    until(lambda: kitchen.deadlines)
    with pytest.raises(DeadlineExceeded):
        kitchen.ask(flights, deadline=0.1)
    kitchen.served.set()
    assert first.get(timeout=LIMIT).body == b"page"


def test_whoever_waits_is_told_when_the_maker_is_killed(process: Callable[[], Flights], kitchen: Kitchen) -> None:
    flights = process()
    first = gevent.spawn(kitchen.ask, flights)
    until(lambda: kitchen.deadlines)
    second = gevent.spawn(kitchen.ask, flights)
    gevent.idle()
    first.kill()
    with pytest.raises(Unavailable):
        second.get(timeout=LIMIT)


def test_without_redis_a_process_still_makes_one_call(kitchen: Kitchen) -> None:
    flights = Flights(Counters("redis://127.0.0.1:9", {}))
    asking = [gevent.spawn(kitchen.ask, flights) for _ in range(MANY)]
    until(lambda: kitchen.deadlines)
    kitchen.served.set()
    assert {asked.get(timeout=LIMIT).body for asked in asking} == {b"page"}
    assert len(kitchen.deadlines) == 1
