"""Requests that share calls: their order, errors and deadlines."""

import gevent
import pytest
from gevent.event import Event

from chassis.errors import DeadlineExceeded, Unavailable
from gateway.rpc import shared_calls
from gateway.rpc.shared_calls import SharedCalls

AT_ONCE = 4
LIMIT = 5  # seconds

Requests = list["gevent.Greenlet[..., str]"]


class Service:
    """Replies with the request in upper case, when it is `free`; a reply has `room` for some."""

    def __init__(self) -> None:
        self.free = Event()
        self.room = AT_ONCE
        self.calls: list[str] = []  # the requests of each, joined
        self.errors: list[Exception] = []  # of the next calls
        self.hanging = ""  # a call with this request is not answered

    def call(self, requests: list[str]) -> list[str]:
        self.calls.append("".join(requests))
        self.free.wait()
        if self.hanging and self.hanging in requests:
            Event().wait()
        if self.errors:
            raise self.errors.pop(0)
        return [request.upper() for request in requests[: self.room]]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def shared(service: Service) -> SharedCalls[str, str]:
    return SharedCalls(service.call, AT_ONCE)


def request(shared: SharedCalls[str, str], letters: str) -> Requests:
    """Make a request of each letter, and let the first call begin."""
    requests = [gevent.spawn(shared.request, letter, LIMIT) for letter in letters]
    gevent.idle()
    return requests


def replies(requests: Requests) -> str:
    return "".join(one.get(timeout=LIMIT) for one in requests)


def test_requests_during_a_call_share_the_next_calls_in_order(shared: SharedCalls[str, str], service: Service) -> None:
    requests = request(shared, "a") + request(shared, "bcdefg")
    service.free.set()
    assert replies(requests) == "ABCDEFG"
    assert service.calls == ["a", "bcde", "fg"]


def test_requests_without_a_reply_are_made_again_first(shared: SharedCalls[str, str], service: Service) -> None:
    service.room = 1
    requests = request(shared, "abc")
    later = request(shared, "d")
    service.free.set()
    assert replies(requests + later) == "ABCD"
    assert service.calls == ["abc", "bcd", "cd", "d"]


def test_requests_without_a_reply_of_a_slow_call_are_made_again(
    shared: SharedCalls[str, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_calls, "PATIENCE", 0)
    service.room = 1
    requests = request(shared, "ab")
    service.free.set()
    assert replies(requests) == "AB"
    assert service.calls == ["ab", "b"]


def test_error_reaches_those_who_share_the_call_and_no_others(shared: SharedCalls[str, str], service: Service) -> None:
    first, others = request(shared, "ab"), request(shared, "cd")
    service.errors = [Unavailable("The message broker is unavailable.")]
    service.free.set()
    assert replies(others) == "CD"
    assert all(isinstance(one.exception, Unavailable) for one in first)


def test_request_fails_at_its_deadline_and_is_dropped(shared: SharedCalls[str, str], service: Service) -> None:
    running = request(shared, "a")
    with gevent.Timeout(LIMIT), pytest.raises(DeadlineExceeded):
        shared.request("b", 0.01)
    waiting = request(shared, "c")
    service.free.set()
    assert replies(running + waiting) == "AC"
    assert service.calls == ["a", "c"]


def test_request_whose_greenlet_was_killed_is_dropped(shared: SharedCalls[str, str], service: Service) -> None:
    running, [killed], waiting = request(shared, "a"), request(shared, "b"), request(shared, "c")
    killed.kill()
    service.free.set()
    assert replies(running + waiting) == "AC"
    assert service.calls == ["a", "c"]


def test_call_that_is_not_answered_delays_others_for_a_moment_only(
    shared: SharedCalls[str, str], service: Service
) -> None:
    service.hanging = "a"
    service.free.set()
    [hanging] = request(shared, "a")
    assert replies(request(shared, "bc")) == "BC"
    assert not hanging.ready()
    hanging.kill()
