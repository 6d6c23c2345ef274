"""The frames of one websocket and their order, with events during a replay."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

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


class Websocket:
    """A connection with a send buffer and a notifications service; `meanwhile` runs before the reply arrives."""

    room = 10_000

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []
        self.ended: int | None = None
        self.reply = replay()
        self.meanwhile: Callable[[], object] = lambda: None
        self.requested: list[str | None] = []
        self._fakes = cast("Any", self)
        self.connection = Connection(IDENTITY, "hash", self._fakes)
        self.mark_read = self.connection.mark_read

    def send(self, frame: bytes) -> None:
        self.read.append(json.loads(frame[frame.index(b"{") :]))

    def end(self, code: int, _reason: str) -> None:
        self.ended = code

    def call_as_gateway(self, target: str, request: ReplayRequest, _reply: type[Replay]) -> Replay:
        assert (target, request.user_id, request.limit) == ("notifications.missed", IDENTITY.user_id, MAX_REPLAY)
        self.requested.append(request.since)
        self.meanwhile()
        return self.reply

    def start(self, since: str | None, reply: Replay) -> None:
        self.reply = reply
        self.connection.start(self._fakes, since)

    def catch_up(self, reply: Replay) -> None:
        self.reply = reply
        self.connection.catch_up(self._fakes)

    def notify(self, notification_id: str) -> None:
        self.connection.notify(notification_id, frames.notification(notification(notification_id)))

    def summary(self) -> list[Any]:
        """Return the frames in short: ids of notifications, changed texts, (ids, unread) of read marks."""
        short: dict[str, Callable[[dict[str, Any]], Any]] = {
            "ready": lambda frame: frame["resumed"],
            "notification": lambda frame: frame["id"],
            "changed": lambda frame: frame["message"],
            "read": lambda frame: (frame["ids"], frame["unread"]),
        }
        return [short[frame["type"]](frame) for frame in self.read]


@pytest.fixture
def websocket() -> Websocket:
    return Websocket()


@pytest.fixture
def live(websocket: Websocket) -> Websocket:
    """A live websocket: A is the newest notification, two are unread."""
    websocket.start(None, replay(A, unread=2))
    websocket.read.clear()
    return websocket


def test_replay_sends_notifications_then_changes_then_read_marks_then_live_frames(websocket: Websocket) -> None:
    websocket.meanwhile = lambda: websocket.notify(D)
    websocket.start(A, replay(B, C, unread=2, read=[A, B], changed=[notification(A, "Deleted.")]))
    assert websocket.summary() == [True, B, C, "Deleted.", ([A, B], 2), D]


def test_events_before_the_replay_request_are_not_sent_in_addition(websocket: Websocket) -> None:
    websocket.connection.change(frames.changed(notification(A, "old text")))
    websocket.mark_read([A], 7)
    websocket.start(A, replay(unread=1, read=[A], changed=[notification(A, "new text")]))
    assert websocket.summary() == [True, "new text", ([A], 1)]


def test_event_older_than_the_replay_is_not_sent_however_late(websocket: Websocket) -> None:
    def receive_events() -> None:
        websocket.notify(B)
        websocket.mark_read([A], 5)

    websocket.meanwhile = receive_events
    websocket.start(A, replay(B, unread=1, read=[A]))
    receive_events()
    assert websocket.summary() == [True, B, ([A], 1)]


def test_without_replay_events_before_ready_are_not_counted_again(websocket: Websocket) -> None:
    websocket.start(None, replay(resumed=False, unread=1, newest=B, read=[A]))
    websocket.mark_read([A], 0)
    websocket.notify(B)
    assert websocket.summary() == [False]


def test_read_marks_during_a_replay_are_sent_after_it_with_the_newer_count(websocket: Websocket) -> None:
    websocket.meanwhile = lambda: websocket.mark_read([A, B], 1)
    websocket.start(A, replay(B, C, unread=2, read=[A]))
    assert websocket.summary() == [True, B, C, ([A], 2), ([A, B], 1)]


def test_late_unread_count_does_not_replace_a_newer_one(live: Websocket) -> None:
    live.mark_read([A], 1)
    live.notify(B)
    live.mark_read([C], None)
    assert live.summary() == [([A], 1), B, ([C], 2)]


def test_catch_up_starts_from_the_last_notification(live: Websocket) -> None:
    live.notify(B)
    live.catch_up(replay(C, unread=4))
    live.notify(D)
    live.catch_up(replay(C, unread=4))
    assert live.requested == [None, B, D]
    assert live.summary() == [B, C, D, C]


def test_websocket_with_a_newer_resync_does_not_go_live_in_between(live: Websocket) -> None:
    live.meanwhile = live.connection.hold
    live.catch_up(replay(B, unread=3))
    live.notify(D)
    assert live.summary() == [B]
    live.meanwhile = lambda: None
    live.catch_up(replay(C, D, unread=5))
    assert live.requested[-1] == B
    assert live.summary()[1:] == [C, D]


def test_empty_inbox_catches_up_from_the_beginning(websocket: Websocket) -> None:
    empty = replay(resumed=False, newest=None)
    websocket.start(None, empty)
    websocket.catch_up(empty)
    assert websocket.requested == [None, BEGINNING]


@pytest.mark.parametrize(
    "reply",
    [replay(B, more=True), replay(resumed=False), replay(changed=[notification(A, "x" * 10_000)])],
    ids=["too many", "unknown", "larger than the buffer"],
)
def test_incomplete_replay_is_not_sent_at_all(websocket: Websocket, reply: Replay) -> None:
    websocket.start(A, reply)
    assert (websocket.summary(), websocket.ended) == ([False], None)
    websocket.catch_up(reply)
    assert (websocket.summary(), websocket.ended) == ([False], 1013)
