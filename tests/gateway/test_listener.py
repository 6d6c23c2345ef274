"""What is broadcast, as it reaches the sockets of a gateway process."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import gevent
import pytest

from chassis import clock, keyring
from chassis.contract import Event
from chassis.ids import new_id
from chassis.outbox import Envelope
from chassis.publisher import BatchPublisher
from dev.platform.programs import process_variables
from gateway.broker import Broker
from gateway.connection import Connection
from gateway.listener import Listener
from gateway.registry import Registry
from notifications.contract import Notification, NotificationChanged, NotificationCreated, NotificationsRead, Replay
from users.contract import Identity

USER, TEA, OTHER = (new_id() for _ in range(3))
OLD, NEW, NEWEST = (new_id() for _ in range(3))  # ids of events
LIMIT = 5  # seconds

Publish = Callable[[str, Event], None]


class Outlet:
    room = 1_000_000

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        self.read.append(json.loads(frame[frame.index(b"{") :]))

    def frames(self, number: int) -> list[dict[str, Any]]:
        """Wait for so many frames and return them."""
        with gevent.Timeout(LIMIT):
            while len(self.read) < number:
                gevent.sleep(0.01)
        return self.read


class Inbox:
    """Has nothing to replay."""

    def ask(self, *_request: object) -> Replay:
        return Replay(items=[], more=False, resumed=False, unread=0, newest=None)


class Vigil:
    """Has no socket to look after."""

    def hold(self) -> None:
        return

    def resync(self) -> None:
        return


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def heard(settings: dict[str, Any], outlet: Any) -> Iterator[Outlet]:
    """A socket of USER in a gateway that listens."""
    registry, inbox, vigil = Registry(), Inbox(), Vigil()
    identity = Identity(
        user_id=USER, username="ada", session_id=new_id(), is_staff=False, expires_at=clock.now() + timedelta(hours=1)
    )
    connection = Connection(identity, "hash", outlet)
    registry.add(connection)
    connection.start(inbox, None)  # type: ignore[arg-type]
    outlet.read.clear()
    broker = Broker(settings)
    broker.subscribe(Listener(settings, registry, vigil))  # type: ignore[arg-type]
    running = gevent.spawn(broker.run)
    assert broker.connected.wait(LIMIT)
    yield outlet
    running.kill()


@pytest.fixture
def publish(settings: dict[str, Any]) -> Iterator[Publish]:
    """Say what notifications says, under an event id of one's own."""
    own = settings | process_variables(os.environ, "notifications.service")
    publisher = BatchPublisher(own["AMQP_URI"], own["HEARTBEAT"], "notifications", keyring.of(own))

    def publish(event_id: str, event: Event) -> None:
        payload = event.model_dump(mode="json")
        assert publisher.publish([Envelope(event_id, event.type, event.durable, payload, request_id="-")])

    yield publish
    publisher.close()


def tea(message: str) -> Notification:
    return Notification(id=TEA, kind="message", title="Tea", message=message, data={}, created_at=clock.now())


def test_words_that_come_late_do_not_replace_newer_ones(heard: Outlet, publish: Publish) -> None:
    for event_id, words in ((NEW, "new"), (OLD, "old"), (NEWEST, "newest")):
        publish(event_id, NotificationChanged(notification=tea(words), recipients=[OTHER, USER]))
    assert [(frame["type"], frame["id"], frame["message"]) for frame in heard.frames(2)] == [
        ("changed", TEA, "new"),
        ("changed", TEA, "newest"),
    ]


def test_what_was_read_is_told_however_late_but_its_count_is_not(heard: Outlet, publish: Publish) -> None:
    publish(NEW, NotificationsRead(user_id=USER, ids=[TEA], unread=3))
    publish(NEWEST, NotificationCreated(notification=tea("Chai?"), recipients=[USER]))
    publish(OLD, NotificationsRead(user_id=USER, ids=[OTHER], unread=8))
    publish(new_id(), NotificationsRead(user_id=OTHER, ids=[TEA], unread=1))
    publish(new_id(), NotificationsRead(user_id=USER, ids=[NEW], unread=2))
    read, _, late, last = heard.frames(4)
    assert read == {"type": "read", "ids": [TEA], "unread": 3}
    assert late == {"type": "read", "ids": [OTHER], "unread": 4}
    assert last == {"type": "read", "ids": [NEW], "unread": 2}
