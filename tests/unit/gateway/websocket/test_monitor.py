"""Checks of open websockets: sessions, pings, resync."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import gevent
import pytest

from chassis.errors import Unauthenticated, Unavailable
from chassis.ids import new_id
from gateway.websocket import frames, monitor
from gateway.websocket.connection import Connection, LiveFrame
from gateway.websocket.monitor import Monitor
from gateway.websocket.registry import GROUPS, Registry
from notifications.contract import Replay, ReplayRequest
from tests.unit.gateway.websocket.stand_ins import HOUR, RecordingBuffer, identity
from users.contract import Identity

NOW, LATER = -HOUR, HOUR
FIRST, SECOND = new_id(), new_id()


class Sessions:
    """Fakes the sessions: one answer for all calls, with counts of calls and of concurrent calls."""

    def __init__(self) -> None:
        self.answer: Identity | Exception = identity(LATER)
        self.calls = self.running = self.most = 0

    def identity(self, token_hash: str) -> Identity:
        assert token_hash == "hash"
        self.calls += 1
        self.running += 1
        self.most = max(self.most, self.running)
        gevent.sleep(0)
        self.running -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Inbox:
    """A fake notifications service, in which FIRST is the newest."""

    def __init__(self) -> None:
        self.requested: list[str | None] = []

    def fetch(self, request: ReplayRequest) -> Replay:
        self.requested.append(request.since)
        return Replay(items=[], more=False, resumed=request.since is not None, unread=0, newest=FIRST)


class Presence:
    def __init__(self) -> None:
        self.recorded: set[str] = set()

    def record(self, users: set[str]) -> None:
        self.recorded |= users


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def sockets() -> Registry:
    return Registry()


@pytest.fixture
def presence() -> Any:
    """Records the recorded users."""
    return Presence()


@pytest.fixture
def inbox() -> Any:
    return Inbox()


@pytest.fixture
def monitoring(sockets: Registry, sessions: Any, inbox: Any, presence: Any) -> Monitor:
    return Monitor(sockets, sessions, inbox, presence, ping=25)


def opened(sockets: Registry, expires_in: timedelta) -> Connection:
    buffer: Any = RecordingBuffer()
    connection = Connection(identity(expires_in), "hash", buffer)
    sockets.add(connection)
    return connection


def ping_all_groups(monitoring: Monitor) -> None:
    for _ in range(GROUPS):
        monitoring.ping_group()


def closed_with(connection: Connection) -> Any:
    return connection.buffer.ended  # type: ignore[attr-defined]


def test_live_session_keeps_its_websocket(sessions: Sessions, sockets: Registry, monitoring: Monitor) -> None:
    connection = opened(sockets, NOW)
    monitoring.check_sessions()
    assert closed_with(connection) is None
    assert connection.identity == sessions.answer
    monitoring.check_sessions()
    assert sessions.calls == 1


def test_lost_end_of_a_session_is_found_after_ten_minutes(
    sessions: Sessions, sockets: Registry, monitoring: Monitor
) -> None:
    connection = opened(sockets, LATER)
    sessions.answer = Unauthenticated("It has ended.", "invalid_token")
    connection.checked_at -= monitor.CHECK_AFTER - 1
    monitoring.check_sessions()
    assert (sessions.calls, closed_with(connection)) == (0, None)
    connection.checked_at -= 1
    monitoring.check_sessions()
    assert closed_with(connection) == 1008


@pytest.mark.parametrize(("expires_in", "code"), [(LATER, None), (NOW, 1008)])
def test_without_the_users_service_the_known_expiry_counts(
    sessions: Sessions, sockets: Registry, monitoring: Monitor, expires_in: timedelta, code: int | None
) -> None:
    connection = opened(sockets, expires_in)
    connection.checked_at -= monitor.CHECK_AFTER
    sessions.answer = Unavailable("Down.")
    monitoring.check_sessions()
    assert closed_with(connection) == code
    assert sessions.calls == 1


def test_sessions_are_checked_a_few_at_a_time(sessions: Sessions, sockets: Registry, monitoring: Monitor) -> None:
    for _ in range(50):
        opened(sockets, NOW)
    monitoring.check_sessions()
    assert (sessions.calls, sessions.most) == (50, monitor.CHECKED_AT_ONCE)


def test_ping_records_connected_users_and_drops_silent_connections(
    sockets: Registry, monitoring: Monitor, presence: Presence
) -> None:
    there: Any = opened(sockets, LATER)
    silent: Any = opened(sockets, LATER)
    silent.buffer.last_received -= monitor.SILENT * 25
    ping_all_groups(monitoring)
    assert (there.buffer.sent, there.buffer.aborted) == ([frames.PING], False)
    assert (silent.buffer.sent, silent.buffer.aborted) == ([], True)
    assert presence.recorded == {there.identity.user_id}


def test_closed_websocket_is_not_pinged(sockets: Registry, monitoring: Monitor) -> None:
    closed: Any = opened(sockets, LATER)
    sockets.remove(closed)
    ping_all_groups(monitoring)
    assert closed.buffer.sent == []


def test_pings_are_spread_over_the_interval(sockets: Registry, monitoring: Monitor) -> None:
    connections: list[Any] = [opened(sockets, LATER) for _ in range(1000)]
    pinged = []
    for _ in range(GROUPS):
        monitoring.ping_group()
        pinged.append(sum(bool(connection.buffer.sent) for connection in connections))
    largest = max(after - before for before, after in pairwise([0, *pinged]))
    assert all(connection.buffer.sent == [frames.PING] for connection in connections)
    assert largest < 200


def test_frame_before_a_websockets_resync_hides_nothing_that_was_missed(
    sockets: Registry, monitoring: Monitor, inbox: Any
) -> None:
    connection = opened(sockets, LATER)
    connection.start(inbox, None)
    monitoring.resync()
    connection.receive(LiveFrame(2, b"a frame before the resync", SECOND))
    assert gevent.wait(timeout=5)
    assert inbox.requested == [None, FIRST]


def test_websocket_whose_resync_fails_with_an_unhandled_exception_is_closed(
    sockets: Registry, monitoring: Monitor, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    connection = opened(sockets, LATER)
    sessions.answer = KeyError("unforeseen")
    monitoring.resync()
    assert gevent.wait(timeout=5)
    assert closed_with(connection) == frames.TRY_AGAIN_LATER
    assert "KeyError" in caplog.text


def test_gap_is_filled_only_after_a_moment_and_only_once(
    sockets: Registry, monitoring: Monitor, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = opened(sockets, LATER)
    connection.start(inbox, None)
    connection._sent = 1  # noqa: SLF001 - the fake inbox has no numbers
    connection.receive(LiveFrame(3, b"a frame after the gap", SECOND))
    monitoring.fill_gaps_once()
    assert gevent.wait(timeout=5)
    assert inbox.requested == [None]
    monkeypatch.setattr(monitor, "GAP_WAIT", 0)
    monitoring.fill_gaps_once()
    monitoring.fill_gaps_once()
    assert gevent.wait(timeout=5)
    assert inbox.requested == [None, FIRST]
