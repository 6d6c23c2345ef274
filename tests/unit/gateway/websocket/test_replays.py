"""Replays of many websockets in one call to notifications."""

from typing import Any

import gevent
import pytest
from gevent.event import Event

from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.observability import correlation
from gateway.websocket.replays import AT_ONCE, Replays
from notifications import contract
from notifications.contract import Replay, ReplayRequest, ReplayRequests


def replay_of(request: ReplayRequest) -> dict[str, Any]:
    """Return a replay; its `newest` is the id of the user."""
    return {"items": [], "more": False, "resumed": True, "unread": 0, "newest": request.user_id}


class Notifications:
    """A fake notifications service, which replies when it is `free`; a reply has room for some replays."""

    def __init__(self) -> None:
        self.free = Event()
        self.room = 100
        self.errors: list[Exception] = []  # of the next calls
        self.sizes: list[int] = []  # of the calls
        self.request_ids: list[str] = []

    def call_as_gateway(self, target: str, request: ReplayRequests, reply: type[contract.Replays]) -> contract.Replays:
        assert target == "notifications.missed"
        self.sizes.append(1 + len(request.others))
        self.request_ids.append(correlation.request_id.get())
        self.free.wait()
        if self.errors:
            raise self.errors.pop(0)
        others = [Replay(**replay_of(other)) for other in request.others]
        return reply(**replay_of(request), others=others[: self.room - 1])


@pytest.fixture
def notifications() -> Any:
    return Notifications()


@pytest.fixture
def replays(notifications: Any) -> Replays:
    return Replays(notifications)


def fetch(replays: Replays, number: int) -> "list[gevent.Greenlet[..., Replay]]":
    """Request the replays of a number of users at the same time."""
    return [gevent.spawn(replays.fetch, ReplayRequest(user_id=new_id(), since=None)) for _ in range(number)]


def fetched(greenlets: "list[gevent.Greenlet[..., Replay]]") -> int:
    """Return how many greenlets got a replay, each of a user of its own."""
    gevent.joinall(greenlets, timeout=5)
    return len({greenlet.value.newest for greenlet in greenlets if greenlet.value})


def while_a_call_runs(replays: Replays, notifications: Notifications, number: int) -> int:
    """Request replays while a call runs; return how many of all were fetched."""
    first = fetch(replays, 1)
    gevent.idle()
    others = fetch(replays, number)
    gevent.idle()
    notifications.free.set()
    return fetched(first + others)


def test_replay_that_is_requested_alone_is_called_for_at_once(replays: Replays, notifications: Any) -> None:
    notifications.free.set()
    request = ReplayRequest(user_id=new_id(), since=new_id())
    assert replays.fetch(request).newest == request.user_id
    assert notifications.sizes == [1]


def test_requests_during_a_call_share_the_next_calls(replays: Replays, notifications: Any) -> None:
    assert while_a_call_runs(replays, notifications, AT_ONCE + 4) == 1 + AT_ONCE + 4
    assert notifications.sizes == [1, AT_ONCE, 4]


def test_replays_without_room_in_a_reply_are_requested_again(replays: Replays, notifications: Any) -> None:
    notifications.room = 3
    assert while_a_call_runs(replays, notifications, 5) == 6
    assert notifications.sizes == [1, 5, 2]


def test_previous_release_of_notifications_is_called_for_each_replay(replays: Replays, notifications: Any) -> None:
    notifications.room = 1  # it ignores the field `others`
    assert while_a_call_runs(replays, notifications, 3) == 4
    assert notifications.sizes == [1, 3, 2, 1]


def test_error_of_a_call_is_raised_by_all_who_share_it_and_by_no_others(replays: Replays, notifications: Any) -> None:
    first = fetch(replays, 3)
    gevent.idle()
    second = fetch(replays, 1)
    notifications.errors = [Unavailable("The message broker is unavailable.")]
    notifications.free.set()
    assert fetched(second) == 1
    assert all(isinstance(greenlet.exception, Unavailable) for greenlet in first)


def test_call_has_the_request_id_of_the_first_that_shares_it(replays: Replays, notifications: Any) -> None:
    notifications.free.set()
    correlation.request_id.set("the-handshake")
    replays.fetch(ReplayRequest(user_id=new_id(), since=None))
    assert notifications.request_ids == ["the-handshake"]
