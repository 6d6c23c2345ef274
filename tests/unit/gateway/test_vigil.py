"""Open websockets whose sessions are looked at again."""

import time
from datetime import timedelta
from typing import Any

import gevent
import pytest

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated, Unavailable
from chassis.ids import new_id
from gateway.websocket import frames, monitor
from gateway.websocket.connection import Connection
from gateway.websocket.monitor import Vigil
from gateway.websocket.registry import Registry
from notifications.contract import Replay
from users.contract import Authenticate, Identity

HOUR = timedelta(hours=1)
NOW, LATER = -HOUR, HOUR
FIRST, SECOND = new_id(), new_id()


def identity(expires_in: timedelta) -> Identity:
    return Identity(
        user_id="01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21",
        username="ada",
        session_id="01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22",
        is_staff=False,
        expires_at=clock.now() + expires_in,
    )


class Users:
    """Stands in for the users service: one answer to all, and how often and how much at a time it was asked."""

    def __init__(self) -> None:
        self.answer: Identity | ServiceError = identity(LATER)
        self.asked = self.asking = self.most = 0

    def ask(self, target: str, request: Authenticate, _reply: type[Identity]) -> Identity:
        assert (target, request.token_hash) == ("users.authenticate", "hash")
        self.asked += 1
        self.asking += 1
        self.most = max(self.most, self.asking)
        gevent.sleep(0)
        self.asking -= 1
        if isinstance(self.answer, ServiceError):
            raise self.answer
        return self.answer


class Outlet:
    room = 1000

    def __init__(self) -> None:
        self.ended: int | None = None
        self.sent: list[bytes] = []
        self.cut = False
        self.last_heard = time.monotonic()

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def abort(self) -> None:
        self.cut = True

    def end(self, code: int, _reason: str) -> None:
        self.ended = code


class Inbox:
    """Stands in for notifications, where FIRST is the newest, and for users."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.asked: list[str | None] = []

    def ask(self, target: str, request: Any, reply: Any) -> Any:
        if target == "users.authenticate":
            return self.users.ask(target, request, reply)
        self.asked.append(request.since)
        return Replay(items=[], more=False, resumed=request.since is not None, unread=0, newest=FIRST)


class Presence:
    def __init__(self) -> None:
        self.noted: list[set[str]] = []

    def note(self, users: set[str]) -> None:
        self.noted.append(users)


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
def sockets() -> Registry:
    return Registry()


@pytest.fixture
def presence() -> Any:
    """Keeps who was noted."""
    return Presence()


@pytest.fixture
def watch(sockets: Registry, users: Any, presence: Any) -> Vigil:
    return Vigil(sockets, users, presence, ping=25)


@pytest.fixture(autouse=True)
def any_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "Authenticate", Authenticate.model_construct)


def opened(sockets: Registry, expires_in: timedelta) -> Connection:
    outlet: Any = Outlet()
    connection = Connection(identity(expires_in), "hash", outlet)
    sockets.add(connection)
    return connection


def closed_with(connection: Connection) -> Any:
    return connection.outlet.ended  # type: ignore[attr-defined]


def test_a_session_that_was_used_meanwhile_keeps_its_socket(users: Users, sockets: Registry, watch: Vigil) -> None:
    connection = opened(sockets, NOW)
    watch.look_again()
    assert closed_with(connection) is None
    assert connection.identity == users.answer
    watch.look_again()
    assert users.asked == 1


def test_a_session_that_has_ended_loses_its_socket(users: Users, sockets: Registry, watch: Vigil) -> None:
    connection = opened(sockets, NOW)
    users.answer = Unauthenticated("It has ended.", "invalid_token")
    watch.look_again()
    assert closed_with(connection) == 1008


def test_an_end_whose_event_was_lost_is_found_ten_minutes_later(users: Users, sockets: Registry, watch: Vigil) -> None:
    connection = opened(sockets, LATER)
    users.answer = Unauthenticated("It has ended.", "invalid_token")
    connection.looked_at -= monitor.LOOK - 1
    watch.look_again()
    assert (users.asked, closed_with(connection)) == (0, None)
    connection.looked_at -= 1
    watch.look_again()
    assert closed_with(connection) == 1008


@pytest.mark.parametrize(("expires_in", "code"), [(LATER, None), (NOW, 1008)])
def test_without_the_users_service_what_was_known_last_counts(
    users: Users, sockets: Registry, watch: Vigil, expires_in: timedelta, code: int | None
) -> None:
    connection = opened(sockets, expires_in)
    connection.looked_at -= monitor.LOOK
    users.answer = Unavailable("Away.")
    watch.look_again()
    assert closed_with(connection) == code
    assert users.asked == 1


def test_few_sessions_are_looked_at_at_a_time(users: Users, sockets: Registry, watch: Vigil) -> None:
    for _ in range(50):
        opened(sockets, NOW)
    watch.look_again()
    assert (users.asked, users.most) == (50, monitor.WATCHED)


def test_a_ping_shows_who_is_there_and_cuts_the_lines_that_have_gone_silent(
    sockets: Registry, watch: Vigil, presence: Presence
) -> None:
    there: Any = opened(sockets, LATER)
    silent: Any = opened(sockets, LATER)
    silent.outlet.last_heard -= monitor.SILENT * 25
    watch.ping_all()
    assert (there.outlet.sent, there.outlet.cut) == ([frames.PING], False)
    assert (silent.outlet.sent, silent.outlet.cut) == ([], True)
    sockets.remove(there)
    watch.ping_all()
    assert presence.noted == [{there.identity.user_id}, set()]


def test_a_frame_between_the_new_connection_and_a_sockets_turn_hides_nothing_that_was_missed(
    sockets: Registry, watch: Vigil, users: Users
) -> None:
    connection = opened(sockets, LATER)
    inbox = Inbox(users)
    watch._rpc = inbox  # type: ignore[assignment]  # noqa: SLF001 - users and notifications, for once
    connection.start(inbox, None)  # type: ignore[arg-type]
    watch.resync()
    connection.notify(SECOND, b"a frame that came before its turn")
    assert gevent.wait(timeout=5)
    assert inbox.asked == [None, FIRST]
