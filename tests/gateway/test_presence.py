"""Connected users are recorded in a real Redis."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import gevent
import pytest

from chassis.ids import new_id
from chassis.redis import connection
from gateway.websocket import presence as presence_module
from gateway.websocket.presence import Presence
from notifications.contract import SEEN_FOR, seen_key
from tests.gateway.conftest import until

Running = Callable[[str], Presence]
CLOSED_PORT = "redis://127.0.0.1:9/0"


@pytest.fixture
def running() -> Iterator[Running]:
    writing: list[gevent.Greenlet[..., None]] = []

    def running(url: str) -> Presence:
        presence = Presence(url)
        writing.append(gevent.spawn(presence.follow))
        return presence

    yield running
    gevent.killall(writing)


def test_connected_user_is_recorded_for_a_day(settings: dict[str, Any], running: Running) -> None:
    users = [new_id() for _ in range(3)]
    before = int(time.time())
    running(settings["redis_url"]).record(users)
    with connection.connect(settings["redis_url"]) as client:
        until(lambda: all(client.mget([seen_key(user) for user in users])))
        for user in users:
            assert before <= int(client.get(seen_key(user)) or 0) <= time.time()
            assert 0 < client.ttl(seen_key(user)) <= SEEN_FOR


def test_users_who_connect_one_after_the_other_are_all_recorded(settings: dict[str, Any], running: Running) -> None:
    presence = running(settings["redis_url"])
    with connection.connect(settings["redis_url"]) as client:
        for user in [new_id() for _ in range(3)]:
            presence.record([user])
            until(lambda: client.get(seen_key(user)))  # noqa: B023 - called in the loop


def test_users_who_connect_within_an_interval_after_a_write_share_the_next(
    monkeypatch: pytest.MonkeyPatch, running: Running
) -> None:
    monkeypatch.setattr(presence_module, "INTERVAL", 3600)
    presence = running(CLOSED_PORT)
    write = Mock(wraps=presence.write)
    monkeypatch.setattr(presence, "write", write)
    for _ in range(3):
        presence.record([new_id()])
        gevent.idle()
    assert write.call_count == 1


def test_without_redis_recording_fails_fast_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    presence = Presence(CLOSED_PORT)
    with caplog.at_level(logging.WARNING, "gateway.websocket.presence"):
        for _ in range(3):
            presence.record([new_id()])
            presence.write()
    assert [record.getMessage() for record in caplog.records] == ["connected users cannot be recorded: ConnectionError"]


def test_redis_is_not_called_without_connections(caplog: pytest.LogCaptureFixture, running: Running) -> None:
    presence = running(CLOSED_PORT)
    presence.record([])
    gevent.idle()
    presence.record([new_id()])
    until(lambda: caplog.records)
    assert len(caplog.records) == 1
