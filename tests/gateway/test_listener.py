"""Broadcast events, as they reach the websockets of a gateway process."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

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
from notifications.contract import (
    Notification,
    NotificationChanged,
    NotificationCreated,
    NotificationsCreated,
    NotificationsRead,
    NotifiedUsers,
    Replay,
)
from tests.gateway.conftest import amqp_uri, running, until
from tests.unit.gateway.websocket.stand_ins import RecordingBuffer, identity

USER, TEA, OTHER = (new_id() for _ in range(3))
OLD, NEW, NEWEST = (new_id() for _ in range(3))  # ids of events

Publish = Callable[[str, Event], None]


class SendBuffer(RecordingBuffer):
    def frames(self, number: int) -> list[dict[str, Any]]:
        """Wait for so many frames and return them."""
        until(lambda: len(self.sent) >= number)
        return self.messages


@pytest.fixture
def buffer() -> SendBuffer:
    return SendBuffer()


@pytest.fixture
def received(settings: dict[str, Any], buffer: Any) -> Iterator[SendBuffer]:
    """The websocket of USER in a gateway that listens to events."""
    registry, inbox = Registry(), Mock()
    inbox.fetch.return_value = Replay(items=[], more=False, resumed=False, unread=0, newest=None, seq=0)
    connection = Connection(identity(user_id=USER), "hash", buffer)
    registry.add(connection)
    connection.start(inbox, None)
    buffer.sent.clear()
    broker = Broker(settings)
    broker.subscribe(Listener(settings, registry, Mock()))
    with running(broker):
        yield buffer


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


def test_frames_are_sent_in_the_order_of_their_numbers(received: SendBuffer, publish: Publish) -> None:
    publish(NEW, NotificationChanged(notification=tea("second"), recipients=[OTHER, USER], seqs=[9, 2]))
    publish(NEWEST, NotificationsRead(user_id=USER, ids=[TEA], unread=3, seq=3))
    publish(OLD, NotificationChanged(notification=tea("first"), recipients=[USER, OTHER], seqs=[1, 8]))
    first, second, read = received.frames(3)
    assert [(frame["seq"], frame["message"]) for frame in (first, second)] == [(1, "first"), (2, "second")]
    assert read == {"seq": 3, "type": "read", "ids": [TEA], "unread": 3}


def test_notifications_of_one_event_are_sent_in_their_order(received: SendBuffer, publish: Publish) -> None:
    items = [
        NotifiedUsers(notification=tea("first"), recipients=[USER, OTHER], seqs=[1, 8]),
        NotifiedUsers(notification=tea("second"), recipients=[USER], seqs=[2]),
        NotifiedUsers(notification=tea("not for USER"), recipients=[OTHER], seqs=[9]),
    ]
    publish(NEW, NotificationsCreated(items=items))
    publish(NEWEST, NotificationsRead(user_id=USER, ids=[TEA], unread=3, seq=3))
    frames = received.frames(3)
    assert [(frame["seq"], frame.get("message")) for frame in frames] == [(1, "first"), (2, "second"), (3, None)]


def test_late_page_of_a_change_is_sent_to_its_own_users(received: SendBuffer, publish: Publish) -> None:
    publish(NEW, NotificationChanged(notification=tea("new"), recipients=[OTHER], seqs=[1]))
    publish(OLD, NotificationChanged(notification=tea("new"), recipients=[USER], seqs=[1]))
    (frame,) = received.frames(1)
    assert (frame["type"], frame["id"], frame["message"]) == ("changed", TEA, "new")


def test_event_that_is_published_twice_is_sent_once(received: SendBuffer, publish: Publish) -> None:
    for seq, unread in ((1, 3), (1, 3), (2, 2), (1, 3), (3, 1)):
        publish(new_id(), NotificationsRead(user_id=USER, ids=[TEA], unread=unread, seq=seq))
    assert [frame["unread"] for frame in received.frames(3)] == [3, 2, 1]


def test_events_of_the_previous_version_have_no_numbers(received: SendBuffer, publish: Publish) -> None:
    publish(NEW, NotificationCreated(notification=tea("Chai?"), recipients=[USER]))
    publish(new_id(), NotificationsRead(user_id=OTHER, ids=[TEA], unread=1))
    publish(new_id(), NotificationsRead(user_id=USER, ids=[TEA], unread=2))
    created, read = received.frames(2)
    assert (created["id"], read) == (TEA, {"type": "read", "ids": [TEA], "unread": 2})
    assert "seq" not in created
