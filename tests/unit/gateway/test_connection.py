"""What one socket is told, and in which order, whatever is heard while a replay is under way."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from chassis.ids import new_id
from gateway.websocket import messages
from gateway.websocket.connection import REPLAY, Connection
from notifications.contract import BEGINNING, Notification, Replay, ReplayRequest
from users.contract import Identity

IDENTITY = Identity(
    user_id=new_id(), username="ada", session_id=new_id(), is_staff=False, expires_at=clock.now() + timedelta(hours=1)
)
A, B, C, D = (new_id() for _ in range(4))


def notification(notification_id: str, message: str = "Chai?") -> Notification:
    return Notification(
        id=notification_id, kind="message", title="Tea", message=message, data={}, created_at=clock.now()
    )


def replay(*items: str, unread: int = 0, **fields: Any) -> Replay:
    told = {"items": [notification(item) for item in items], "newest": items[-1] if items else A}
    return Replay(**{"more": False, "resumed": True, "unread": unread} | told | fields)


class Outlet:
    """Keeps what a client reads."""

    room = 10_000

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []
        self.ended: int | None = None

    def send(self, frame: bytes) -> None:
        self.read.append(json.loads(frame[frame.index(b"{") :]))

    def end(self, code: int, _reason: str) -> None:
        self.ended = code


class Inbox:
    """Stands in for the notifications service; `meanwhile` happens before its answer arrives."""

    def __init__(self) -> None:
        self.answer = replay()
        self.meanwhile: Callable[[], None] = lambda: None
        self.asked: list[str | None] = []

    def ask(self, target: str, request: ReplayRequest, _reply: type[Replay]) -> Replay:
        assert (target, request.user_id, request.limit) == ("notifications.missed", IDENTITY.user_id, REPLAY)
        self.asked.append(request.since)
        self.meanwhile()
        return self.answer


@pytest.fixture
def outlet() -> Any:
    return Outlet()


@pytest.fixture
def inbox() -> Any:
    return Inbox()


@pytest.fixture
def socket(outlet: Any) -> Connection:
    return Connection(IDENTITY, "hash", outlet)


@pytest.fixture
def live(socket: Connection, inbox: Any, outlet: Outlet) -> Connection:
    """A socket that is up to date: A is the newest, two are unread."""
    inbox.answer = replay(A, unread=2)
    socket.start(inbox, None)
    outlet.read.clear()
    return socket


def tell(socket: Connection, notification_id: str) -> None:
    socket.notify(notification_id, messages.notification(notification(notification_id)))


def change(socket: Connection, notification_id: str, message: str) -> None:
    socket.change(messages.changed(notification(notification_id, message)))


def told(outlet: Outlet) -> list[Any]:
    """The frames in short: ids of notifications, words that changed, (ids, unread) of what was read."""
    short: dict[str, Callable[[dict[str, Any]], Any]] = {
        "ready": lambda frame: frame["resumed"],
        "notification": lambda frame: frame["id"],
        "changed": lambda frame: frame["message"],
        "read": lambda frame: (frame["ids"], frame["unread"]),
    }
    return [short[frame["type"]](frame) for frame in outlet.read]


def test_a_replay_tells_what_came_then_what_changed_then_what_was_read_and_then_what_is_new(
    socket: Connection, inbox: Any, outlet: Outlet
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A, B], changed=[notification(A, "Gone.")])
    inbox.meanwhile = lambda: tell(socket, D)
    socket.start(inbox, A)
    assert told(outlet) == [True, B, C, "Gone.", ([A, B], 2), D]


def test_what_is_heard_before_a_replay_is_asked_for_is_not_told_beside_it(
    socket: Connection, inbox: Any, outlet: Outlet
) -> None:
    change(socket, A, "old words")
    socket.read([A], 7)
    inbox.answer = replay(unread=1, read=[A], changed=[notification(A, "new words")])
    socket.start(inbox, A)
    assert told(outlet) == [True, "new words", ([A], 1)]


def test_an_event_that_is_older_than_the_replay_is_not_told_however_late_it_comes(
    socket: Connection, inbox: Any, outlet: Outlet
) -> None:
    def heard() -> None:
        tell(socket, B)
        socket.read([A], 5)

    inbox.answer = replay(B, unread=1, read=[A])
    inbox.meanwhile = heard
    socket.start(inbox, A)
    heard()
    assert told(outlet) == [True, B, ([A], 1)]


def test_without_a_replay_what_came_and_was_read_before_the_greeting_is_not_counted_again(
    socket: Connection, inbox: Any, outlet: Outlet
) -> None:
    inbox.answer = replay(resumed=False, unread=1, newest=B, read=[A])
    socket.start(inbox, None)
    socket.read([A], 0)
    tell(socket, B)
    assert told(outlet) == [False]


def test_what_is_read_during_a_replay_is_told_after_it_with_its_newer_count(
    socket: Connection, inbox: Any, outlet: Outlet
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A])
    inbox.meanwhile = lambda: socket.read([A, B], 1)
    socket.start(inbox, A)
    assert told(outlet) == [True, B, C, ([A], 2), ([A, B], 1)]


def test_a_late_count_does_not_replace_a_newer_one(live: Connection, outlet: Outlet) -> None:
    live.read([A], 1)
    tell(live, B)
    live.read([C], None)
    assert told(outlet) == [([A], 1), B, ([C], 2)]


def test_catching_up_starts_from_the_last_notification(live: Connection, inbox: Any, outlet: Outlet) -> None:
    tell(live, B)
    inbox.answer = replay(C, unread=4)
    live.catch_up(inbox)
    tell(live, D)
    live.catch_up(inbox)
    assert inbox.asked == [None, B, D]
    assert told(outlet) == [B, C, D, C]


def test_a_socket_that_is_to_catch_up_again_does_not_go_live_in_between(
    live: Connection, inbox: Any, outlet: Outlet
) -> None:
    inbox.answer = replay(B, unread=3)
    inbox.meanwhile = live.hold
    live.catch_up(inbox)
    tell(live, D)
    assert told(outlet) == [B]
    inbox.meanwhile = lambda: None
    inbox.answer = replay(C, D, unread=5)
    live.catch_up(inbox)
    assert inbox.asked[-1] == B
    assert told(outlet)[1:] == [C, D]


def test_who_had_nothing_catches_up_from_the_beginning(socket: Connection, inbox: Any) -> None:
    inbox.answer = replay(resumed=False, newest=None)
    socket.start(inbox, None)
    socket.catch_up(inbox)
    assert inbox.asked == [None, BEGINNING]


@pytest.mark.parametrize(
    "answer",
    [replay(B, more=True), replay(resumed=False), replay(changed=[notification(A, "x" * 10_000)])],
    ids=["too many", "unknown", "too much for the queue"],
)
def test_what_cannot_be_replayed_whole_is_not_replayed_at_all(
    socket: Connection, inbox: Any, outlet: Outlet, answer: Replay
) -> None:
    inbox.answer = answer
    socket.start(inbox, A)
    assert (told(outlet), outlet.ended) == ([False], None)
    socket.catch_up(inbox)
    assert (told(outlet), outlet.ended) == ([False], 1013)
