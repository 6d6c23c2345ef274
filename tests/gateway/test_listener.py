"""Broadcast events, as they reach the websockets of a gateway process."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import gevent
import pytest

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.contract import Event
from chassis.ids import new_id
from gateway.rpc.broker import Broker
from gateway.websocket.connection import Connection
from gateway.websocket.listener import Listener
from gateway.websocket.registry import Registry
from notifications.contract import Notification, NotificationChanged, NotificationCreated, NotificationsRead, Replay
from tests.gateway.conftest import LIMIT, amqp_uri, until
from users.contract import Identity

USER, TEA, OTHER = (new_id() for _ in range(3))
OLD, NEW, NEWEST = (new_id() for _ in range(3))  # ids of events

Publish = Callable[[str, Event], None]


class SendBuffer:
    room = 1_000_000

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        self.read.append(json.loads(frame[frame.index(b"{") :]))

    def frames(self, number: int) -> list[dict[str, Any]]:
        """Wait for so many frames and return them."""
        until(lambda: len(self.read) >= number)
        return self.read


@pytest.fixture
def buffer() -> SendBuffer:
    return SendBuffer()


@pytest.fixture
def received(settings: dict[str, Any], buffer: Any) -> Iterator[SendBuffer]:
    """The websocket of USER in a gateway that listens to events."""
    registry, inbox = Registry(), Mock()
    inbox.call_as_gateway.return_value = Replay(items=[], more=False, resumed=False, unread=0, newest=None)
    identity = Identity(
        user_id=USER, username="ada", session_id=new_id(), is_staff=False, expires_at=clock.now() + timedelta(hours=1)
    )
    connection = Connection(identity, "hash", buffer)
    registry.add(connection)
    connection.start(inbox, None)
    buffer.read.clear()
    broker = Broker(settings)
    broker.subscribe(Listener(settings, registry, Mock()))
    running = gevent.spawn(broker.run)
    assert broker.connected.wait(LIMIT)
    yield buffer
    running.kill()


@pytest.fixture
def publish(settings: dict[str, Any]) -> Iterator[Publish]:
    """Publish as notifications, with a given event id."""
    uri, ring = amqp_uri("notifications.service"), keyring.from_config(settings)
    publisher = BatchPublisher(uri, settings["HEARTBEAT"], "notifications", ring)

    def publish(event_id: str, event: Event) -> None:
        payload = event.model_dump(mode="json")
        assert publisher.publish([Envelope(event_id, event.type, event.durable, payload, request_id="-")])

    yield publish
    publisher.close()


def tea(message: str) -> Notification:
    return Notification(id=TEA, kind="message", title="Tea", message=message, data={}, created_at=clock.now())


def test_late_change_does_not_replace_a_newer_one(received: SendBuffer, publish: Publish) -> None:
    for event_id, text in ((NEW, "new"), (OLD, "old"), (NEWEST, "newest")):
        publish(event_id, NotificationChanged(notification=tea(text), recipients=[OTHER, USER]))
    assert [(frame["type"], frame["id"], frame["message"]) for frame in received.frames(2)] == [
        ("changed", TEA, "new"),
        ("changed", TEA, "newest"),
    ]


def test_late_read_event_is_relayed_without_its_count(received: SendBuffer, publish: Publish) -> None:
    publish(NEW, NotificationsRead(user_id=USER, ids=[TEA], unread=3))
    publish(NEWEST, NotificationCreated(notification=tea("Chai?"), recipients=[USER]))
    publish(OLD, NotificationsRead(user_id=USER, ids=[OTHER], unread=8))
    publish(new_id(), NotificationsRead(user_id=OTHER, ids=[TEA], unread=1))
    publish(new_id(), NotificationsRead(user_id=USER, ids=[NEW], unread=2))
    read, _, late, last = received.frames(4)
    assert read == {"type": "read", "ids": [TEA], "unread": 3}
    assert late == {"type": "read", "ids": [OTHER], "unread": 4}
    assert last == {"type": "read", "ids": [NEW], "unread": 2}
