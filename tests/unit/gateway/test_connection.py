"""The frames of one websocket and their order, with events during a replay."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from chassis.ids import new_id
from gateway.websocket import frames
from gateway.websocket.connection import MAX_REPLAY, Connection
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
    fields_of_items = {"items": [notification(item) for item in items], "newest": items[-1] if items else A}
    return Replay(**{"more": False, "resumed": True, "unread": unread} | fields_of_items | fields)


class SendBuffer:
    """Records frames."""

    room = 10_000

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []
        self.ended: int | None = None

    def send(self, frame: bytes) -> None:
        self.read.append(json.loads(frame[frame.index(b"{") :]))

    def end(self, code: int, _reason: str) -> None:
        self.ended = code


class Inbox:
    """A fake notifications service; `meanwhile` is called before its reply arrives."""

    def __init__(self) -> None:
        self.answer = replay()
        self.meanwhile: Callable[[], None] = lambda: None
        self.requested: list[str | None] = []

    def call_as_gateway(self, target: str, request: ReplayRequest, _reply: type[Replay]) -> Replay:
        assert (target, request.user_id, request.limit) == ("notifications.missed", IDENTITY.user_id, MAX_REPLAY)
        self.requested.append(request.since)
        self.meanwhile()
        return self.answer


@pytest.fixture
def buffer() -> Any:
    return SendBuffer()


@pytest.fixture
def inbox() -> Any:
    return Inbox()


@pytest.fixture
def socket(buffer: Any) -> Connection:
    return Connection(IDENTITY, "hash", buffer)


@pytest.fixture
def live(socket: Connection, inbox: Any, buffer: SendBuffer) -> Connection:
    """A live websocket: A is the newest notification, two are unread."""
    inbox.answer = replay(A, unread=2)
    socket.start(inbox, None)
    buffer.read.clear()
    return socket


def notify(socket: Connection, notification_id: str) -> None:
    socket.notify(notification_id, frames.notification(notification(notification_id)))


def change(socket: Connection, notification_id: str, message: str) -> None:
    socket.change(frames.changed(notification(notification_id, message)))


def summary(buffer: SendBuffer) -> list[Any]:
    """Return the frames in short: ids of notifications, changed texts, (ids, unread) of read marks."""
    short: dict[str, Callable[[dict[str, Any]], Any]] = {
        "ready": lambda frame: frame["resumed"],
        "notification": lambda frame: frame["id"],
        "changed": lambda frame: frame["message"],
        "read": lambda frame: (frame["ids"], frame["unread"]),
    }
    return [short[frame["type"]](frame) for frame in buffer.read]


def test_replay_sends_notifications_then_changes_then_read_marks_then_live_frames(
    socket: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A, B], changed=[notification(A, "Deleted.")])
    inbox.meanwhile = lambda: notify(socket, D)
    socket.start(inbox, A)
    assert summary(buffer) == [True, B, C, "Deleted.", ([A, B], 2), D]


def test_events_before_the_replay_request_are_not_sent_in_addition(
    socket: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    change(socket, A, "old text")
    socket.mark_read([A], 7)
    inbox.answer = replay(unread=1, read=[A], changed=[notification(A, "new text")])
    socket.start(inbox, A)
    assert summary(buffer) == [True, "new text", ([A], 1)]


def test_event_older_than_the_replay_is_not_sent_however_late(
    socket: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    def receive_events() -> None:
        notify(socket, B)
        socket.mark_read([A], 5)

    inbox.answer = replay(B, unread=1, read=[A])
    inbox.meanwhile = receive_events
    socket.start(inbox, A)
    receive_events()
    assert summary(buffer) == [True, B, ([A], 1)]


def test_without_replay_events_before_ready_are_not_counted_again(
    socket: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    inbox.answer = replay(resumed=False, unread=1, newest=B, read=[A])
    socket.start(inbox, None)
    socket.mark_read([A], 0)
    notify(socket, B)
    assert summary(buffer) == [False]


def test_read_marks_during_a_replay_are_sent_after_it_with_the_newer_count(
    socket: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A])
    inbox.meanwhile = lambda: socket.mark_read([A, B], 1)
    socket.start(inbox, A)
    assert summary(buffer) == [True, B, C, ([A], 2), ([A, B], 1)]


def test_late_unread_count_does_not_replace_a_newer_one(live: Connection, buffer: SendBuffer) -> None:
    live.mark_read([A], 1)
    notify(live, B)
    live.mark_read([C], None)
    assert summary(buffer) == [([A], 1), B, ([C], 2)]


def test_catch_up_starts_from_the_last_notification(live: Connection, inbox: Any, buffer: SendBuffer) -> None:
    notify(live, B)
    inbox.answer = replay(C, unread=4)
    live.catch_up(inbox)
    notify(live, D)
    live.catch_up(inbox)
    assert inbox.requested == [None, B, D]
    assert summary(buffer) == [B, C, D, C]


def test_websocket_with_a_newer_resync_does_not_go_live_in_between(
    live: Connection, inbox: Any, buffer: SendBuffer
) -> None:
    inbox.answer = replay(B, unread=3)
    inbox.meanwhile = live.hold
    live.catch_up(inbox)
    notify(live, D)
    assert summary(buffer) == [B]
    inbox.meanwhile = lambda: None
    inbox.answer = replay(C, D, unread=5)
    live.catch_up(inbox)
    assert inbox.requested[-1] == B
    assert summary(buffer)[1:] == [C, D]


def test_empty_inbox_catches_up_from_the_beginning(socket: Connection, inbox: Any) -> None:
    inbox.answer = replay(resumed=False, newest=None)
    socket.start(inbox, None)
    socket.catch_up(inbox)
    assert inbox.requested == [None, BEGINNING]


@pytest.mark.parametrize(
    "answer",
    [replay(B, more=True), replay(resumed=False), replay(changed=[notification(A, "x" * 10_000)])],
    ids=["too many", "unknown", "larger than the buffer"],
)
def test_incomplete_replay_is_not_sent_at_all(
    socket: Connection, inbox: Any, buffer: SendBuffer, answer: Replay
) -> None:
    inbox.answer = answer
    socket.start(inbox, A)
    assert (summary(buffer), buffer.ended) == ([False], None)
    socket.catch_up(inbox)
    assert (summary(buffer), buffer.ended) == ([False], 1013)
