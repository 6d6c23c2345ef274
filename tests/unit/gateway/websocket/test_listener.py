"""Which broadcast events a gateway process verifies."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from amqp import Message

from chassis import clock
from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.contract import Event
from chassis.ids import new_id
from gateway.websocket.connection import Connection
from gateway.websocket.listener import Listener
from gateway.websocket.registry import Registry
from notifications.contract import Notification, NotificationChanged, NotificationCreated, NotificationsRead
from users.contract import Identity, SessionEnded

HERE, ELSEWHERE = new_id(), new_id()
SETTINGS = {"service_token_keys": f"k1:{'x' * 32}", "service_token_issuers": ["users", "notifications"]}


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    verify = Mock(side_effect=lambda *_args, **_options: Caller("operator"))
    monkeypatch.setattr(tokens, "verify", verify)
    return verify


@pytest.fixture
def listener() -> Listener:
    """Return the listener of a process with a websocket of HERE."""
    registry = Registry()
    identity = Identity(
        user_id=HERE, username="ada", session_id=new_id(), is_staff=False, expires_at=clock.now() + timedelta(hours=1)
    )
    registry.add(Connection(identity, "hash", Mock()))
    return Listener(SETTINGS, registry, Mock())


def receive(listener: Listener, event: Event) -> None:
    message: Any = Message(event.model_dump_json(), message_id=new_id())
    message.delivery_info = {"routing_key": event.type}
    listener._on_message(message)  # noqa: SLF001 - amqp calls it


def tea() -> Notification:
    return Notification(id=new_id(), kind="message", title="Tea", message="Chai?", data={}, created_at=clock.now())


def events(user: str) -> list[Event]:
    return [
        NotificationCreated(notification=tea(), recipients=[new_id(), user], seqs=[1, 1]),
        NotificationChanged(notification=tea(), recipients=[new_id(), user], seqs=[2, 2]),
        NotificationsRead(user_id=user, ids=[new_id()], unread=0, seq=3),
    ]


def test_events_for_users_without_a_websocket_here_are_dropped_unverified(listener: Listener, verified: Mock) -> None:
    for event in events(ELSEWHERE):
        receive(listener, event)
    verified.assert_not_called()


def test_events_for_users_with_a_websocket_here_are_verified(listener: Listener, verified: Mock) -> None:
    for number, event in enumerate(events(HERE), start=1):
        receive(listener, event)
        assert verified.call_count == number


def test_ended_sessions_are_verified_because_a_handshake_may_be_under_way(listener: Listener, verified: Mock) -> None:
    receive(listener, SessionEnded(user_id=ELSEWHERE, session_ids=[new_id()]))
    verified.assert_called_once()
