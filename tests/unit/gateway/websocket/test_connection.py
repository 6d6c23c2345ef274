"""The frames of one websocket and their order, with events during a replay."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis import clock
from chassis.ids import new_id
from gateway.websocket import frames
from gateway.websocket.connection import MAX_REPLAY, Connection, LiveFrame
from notifications.contract import BEGINNING, Notification, Replay, ReplayRequest
from tests.unit.gateway.websocket.stand_ins import RecordingBuffer, identity

IDENTITY = identity()
A, B, C, D = (new_id() for _ in range(4))


def notification(notification_id: str, message: str = "Chai?") -> Notification:
    return Notification(
        id=notification_id, kind="message", title="Tea", message=message, data={}, created_at=clock.now()
    )


def replay(*items: str, unread: int = 0, **fields: Any) -> Replay:
    fields_of_items = {"items": [notification(item) for item in items], "newest": items[-1] if items else A}
    return Replay(**{"more": False, "resumed": True, "unread": unread} | fields_of_items | fields)


class Inbox:
    """A fake notifications service; `meanwhile` is called before its reply arrives."""

    def __init__(self) -> None:
        self.answer = replay()
        self.meanwhile: Callable[[], None] = lambda: None
        self.requested: list[str | None] = []

    def fetch(self, request: ReplayRequest) -> Replay:
        assert (request.user_id, request.limit) == (IDENTITY.user_id, MAX_REPLAY)
        self.requested.append(request.since)
        self.meanwhile()
        return self.answer


@pytest.fixture
def buffer() -> Any:
    return RecordingBuffer()


@pytest.fixture
def inbox() -> Any:
    return Inbox()


@pytest.fixture
def socket(buffer: Any) -> Connection:
    return Connection(IDENTITY, "hash", buffer)


@pytest.fixture
def live(socket: Connection, inbox: Any, buffer: RecordingBuffer) -> Connection:
    """A live websocket: A is the newest notification, two are unread, four frames were sent."""
    inbox.answer = replay(A, unread=2, seq=4)
    socket.start(inbox, None)
    buffer.sent.clear()
    return socket


def notify(socket: Connection, notification_id: str, seq: int | None) -> None:
    data = frames.notification(notification(notification_id)).numbered(seq)
    socket.receive(LiveFrame(seq, data, notification_id))


def change(socket: Connection, notification_id: str, message: str, seq: int | None) -> None:
    socket.receive(LiveFrame(seq, frames.changed(notification(notification_id, message)).numbered(seq)))


def mark_read(socket: Connection, ids: list[str], unread: int, seq: int | None) -> None:
    socket.receive(LiveFrame(seq, frames.read(ids, unread).numbered(seq)))


def summary(buffer: RecordingBuffer) -> list[Any]:
    """Return the frames in short: ids of notifications, changed texts, (ids, unread) of read marks."""
    short: dict[str, Callable[[dict[str, Any]], Any]] = {
        "ready": lambda frame: frame["resumed"],
        "synced": lambda frame: frame["seq"],
        "notification": lambda frame: frame["id"],
        "changed": lambda frame: frame["message"],
        "read": lambda frame: (frame["ids"], frame["unread"]),
    }
    return [short[frame["type"]](frame) for frame in buffer.messages]


def test_replay_has_changes_then_earlier_read_marks_then_notifications(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A, B], changed=[notification(A, "Deleted.")], seq=7)
    inbox.meanwhile = lambda: notify(socket, D, 8)
    socket.start(inbox, A)
    assert summary(buffer) == [True, "Deleted.", ([A], 1), B, ([B], 1), C, D]


def test_client_that_stops_within_a_replay_misses_nothing_that_came_before(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(B, C, D, unread=1, read=[C, A, B], changed=[notification(A, "Deleted.")], seq=7)
    socket.start(inbox, A)
    seen = summary(buffer)
    for last in (B, C, D):
        before = seen[: seen.index(last)]
        assert {"Deleted."} <= {item for item in before if isinstance(item, str)}
        assert A in [read for item in before if isinstance(item, tuple) for read in item[0]]
    assert seen[seen.index(B) + 1] == ([B], 0)
    assert seen[-1] == D


def test_ready_has_the_number_of_the_last_frame_and_live_frames_continue(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(B, unread=1, seq=7)
    socket.start(inbox, A)
    notify(socket, C, 8)
    mark_read(socket, [C], 1, 9)
    assert [frame.get("seq") for frame in buffer.messages] == [7, None, 8, 9]


def test_frames_are_sent_in_order_although_they_arrive_out_of_order(live: Connection, buffer: RecordingBuffer) -> None:
    notify(live, D, 7)
    mark_read(live, [A], 2, 6)
    assert (summary(buffer), live.gap_since is None) == ([], False)
    notify(live, B, 5)
    assert (summary(buffer), live.gap_since) == ([B, ([A], 2), D], None)


def test_gap_lasts_since_the_first_frame_that_waits(live: Connection) -> None:
    notify(live, C, 6)
    since = live.gap_since
    notify(live, D, 7)
    assert live.gap_since == since
    notify(live, D, 9)
    notify(live, B, 5)
    assert live.gap_since is not None


def test_frame_that_was_sent_is_not_sent_again(live: Connection, buffer: RecordingBuffer) -> None:
    for seq in (5, 5, 4, 3):
        notify(live, B, seq)
    change(live, A, "old text", 2)
    assert summary(buffer) == [B]


def test_gap_is_filled_by_a_replay_and_late_frames_are_dropped(
    live: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    notify(live, C, 6)
    inbox.answer = replay(B, C, unread=4, seq=6)
    live.catch_up(inbox)
    notify(live, B, 5)
    notify(live, D, 7)
    assert inbox.requested == [None, A]
    assert summary(buffer) == [B, C, 6, D]
    assert live.gap_since is None


def test_resume_point_is_never_after_a_frame_that_is_missing(live: Connection, inbox: Any) -> None:
    notify(live, C, 6)
    live.catch_up(inbox)
    assert inbox.requested[-1] == A


def test_events_before_the_replay_request_are_not_sent_in_addition(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    change(socket, A, "old text", 5)
    mark_read(socket, [A], 7, 6)
    inbox.answer = replay(unread=1, read=[A], changed=[notification(A, "new text")], seq=6)
    socket.start(inbox, A)
    assert summary(buffer) == [True, "new text", ([A], 1)]


def test_event_older_than_the_replay_is_not_sent_however_late(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    def receive_events() -> None:
        notify(socket, B, 5)
        mark_read(socket, [A], 5, 6)
        change(socket, A, "old text", 7)

    inbox.answer = replay(B, unread=1, read=[A], seq=7)
    inbox.meanwhile = receive_events
    socket.start(inbox, A)
    receive_events()
    assert summary(buffer) == [True, ([A], 0), B]


def test_without_replay_events_before_ready_are_not_counted_again(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(resumed=False, unread=1, newest=B, read=[A], seq=2)
    socket.start(inbox, None)
    mark_read(socket, [A], 0, 1)
    notify(socket, B, 2)
    assert summary(buffer) == [False]


def test_read_marks_during_a_replay_are_sent_after_it_with_the_newer_count(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(B, C, unread=2, read=[A], seq=3)
    inbox.meanwhile = lambda: mark_read(socket, [A, B], 1, 4)
    socket.start(inbox, A)
    assert summary(buffer) == [True, ([A], 0), B, C, ([A, B], 1)]


def test_events_of_the_previous_version_are_sent_as_they_arrive(live: Connection, buffer: RecordingBuffer) -> None:
    notify(live, B, None)
    notify(live, C, 6)
    mark_read(live, [A], 3, None)
    notify(live, D, 5)
    assert summary(buffer) == [B, ([A], 3), D, C]
    assert "seq" not in buffer.messages[0]


def test_replay_of_the_previous_version_lets_numbered_frames_pass(
    socket: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    socket.start(inbox, A)
    notify(socket, B, 5)
    notify(socket, D, 7)
    notify(socket, C, 6)
    assert summary(buffer) == [True, B, C, D]


def test_catch_up_starts_from_the_last_notification(live: Connection, inbox: Any, buffer: RecordingBuffer) -> None:
    notify(live, B, 5)
    inbox.answer = replay(C, unread=4, seq=6)
    live.catch_up(inbox)
    notify(live, D, 7)
    inbox.answer = replay(unread=4, newest=D, seq=7)
    live.catch_up(inbox)
    assert inbox.requested == [None, B, D]
    assert summary(buffer) == [B, C, 6, D]


def test_websocket_with_a_newer_resync_does_not_go_live_in_between(
    live: Connection, inbox: Any, buffer: RecordingBuffer
) -> None:
    inbox.answer = replay(B, unread=3, seq=5)
    inbox.meanwhile = live.hold
    live.catch_up(inbox)
    notify(live, D, 7)
    assert summary(buffer) == [B, 5]
    inbox.meanwhile = lambda: None
    inbox.answer = replay(C, D, unread=5, seq=7)
    live.catch_up(inbox)
    assert inbox.requested[-1] == B
    assert summary(buffer)[2:] == [C, D, 7]


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
    socket: Connection, inbox: Any, buffer: RecordingBuffer, answer: Replay
) -> None:
    inbox.answer = answer
    socket.start(inbox, A)
    assert (summary(buffer), buffer.ended) == ([False], None)
    socket.catch_up(inbox)
    assert (summary(buffer), buffer.ended) == ([False], 1013)
