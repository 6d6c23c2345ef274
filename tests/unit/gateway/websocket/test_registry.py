"""Open websockets of sessions that end."""

import time
from typing import Any

import pytest

from chassis.errors import TooManyRequests
from chassis.ids import new_id
from gateway.websocket import ended_sessions, frames
from gateway.websocket.connection import Connection
from gateway.websocket.registry import Registry
from gateway.websocket.slots import Slots
from tests.unit.gateway.websocket.stand_ins import RecordingBuffer, identity

USER = new_id()


def connection(session_id: str) -> tuple[Connection, RecordingBuffer]:
    buffer: Any = RecordingBuffer()
    return Connection(identity(user_id=USER, session_id=session_id), "hash", buffer), buffer


@pytest.mark.parametrize("ended_first", [True, False])
def test_websocket_of_a_session_that_ends_during_the_handshake_is_closed(*, ended_first: bool) -> None:
    registry, session_id = Registry(), new_id()
    opening, buffer = connection(session_id)
    other, other_buffer = connection(new_id())
    registry.add(other)
    if ended_first:
        registry.end_sessions(USER, [session_id])
    registry.add(opening)
    if not ended_first:
        registry.end_sessions(USER, [session_id])
    assert buffer.ended == frames.POLICY_VIOLATION
    assert other_buffer.ended is None


def test_websocket_that_connects_while_the_process_stops_is_closed() -> None:
    registry = Registry()
    (early, early_buffer), (late, late_buffer) = connection(new_id()), connection(new_id())
    registry.add(early)
    registry.close_all()
    registry.add(late)
    assert early_buffer.ended == late_buffer.ended == frames.GOING_AWAY


def test_ended_sessions_are_remembered_for_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ended = ended_sessions.EndedSessions()
    ended.add(["first", "second"])
    now += ended_sessions.REMEMBERED
    ended.add(["third"])
    assert all(session_id in ended for session_id in ("first", "second", "third"))
    now += 1
    ended.add(["fourth"])
    assert [session_id in ended for session_id in ("first", "second", "third")] == [False, False, True]


def test_user_gets_a_slot_when_another_is_released() -> None:
    slots = Slots(per_user=2)
    for _ in range(2):
        slots.acquire(USER)
    slots.acquire(new_id())
    with pytest.raises(TooManyRequests):
        slots.acquire(USER)
    slots.release(USER)
    slots.acquire(USER)
