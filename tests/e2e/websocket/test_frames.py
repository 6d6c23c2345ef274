"""The frames of an open websocket: which users receive them, and what the server does with frames from clients."""

from contextlib import suppress

import pytest
import redis
from websockets.exceptions import ConnectionClosed

from dev.machine.waiting import until
from dev.platform.instance import Instance
from notifications.contract import seen_key
from tests.e2e.support.client import NewClient
from tests.e2e.support.frames import close_code, receive, receive_notification


def test_all_websockets_of_a_user_receive_the_same(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    websockets = [reader.connect() for _ in range(4)]
    for websocket in websockets:
        receive(websocket)
    author.create_post("to all windows")
    assert {receive(websocket)["message"] for websocket in websockets} == {"to all windows"}


def test_user_without_realtime_receives_no_frame_but_an_inbox_item(new_user: NewClient) -> None:
    author, reader = new_user(), new_user(notify_by=["email"])
    websocket = reader.connect()
    receive(websocket)
    author.create_post("only in the inbox")
    until(lambda: reader.inbox()["unread"] == 1, "the inbox", 30)
    with pytest.raises(TimeoutError):
        receive(websocket, 0.5)


def test_logout_of_another_session_keeps_the_websocket_open(new_user: NewClient) -> None:
    author, user = new_user(), new_user()
    websocket = user.connect()
    receive(websocket)
    token = user.token
    user.login()
    user.post("/logout/")
    user.token = token
    author.create_post("after the logout")
    assert receive(websocket)["message"] == "after the logout"


def test_frames_of_clients_are_ignored(new_user: NewClient) -> None:
    author, user = new_user(), new_user()
    websocket = user.connect()
    receive(websocket)
    for message in ("hello", b"\x00\xff", "{", "x" * 3000, ["in ", "", "fragments"]):
        websocket.send(message)
    author.create_post("after the frames")
    assert receive(websocket)["message"] == "after the frames"
    websocket.send("x" * 5000)  # larger than the server accepts
    assert close_code(websocket) in {1008, 1009}


def test_flooding_client_is_disconnected(new_user: NewClient) -> None:
    websocket = new_user().connect()
    receive(websocket)
    with suppress(ConnectionClosed):
        while True:
            websocket.send("x" * 1000)
    assert close_code(websocket) in {1006, 1008}  # frames that are still being sent can prevent the close frame


def test_read_mark_is_sent_to_all_websockets_of_that_user_only(new_user: NewClient) -> None:
    author, reader, other = new_user(), new_user(), new_user()
    websockets = [reader.connect(), reader.connect(), other.connect()]
    for websocket in websockets:
        receive(websocket)
    author.create_post("read me")
    first = {receive_notification(websocket)["id"] for websocket in websockets}.pop()
    assert reader.post("/notifications/read/", {"ids": [first]}).status_code == 204
    author.create_post("and me")
    second = receive_notification(websockets[2])["id"]
    for websocket in websockets[:2]:
        assert receive(websocket).items() >= {"type": "read", "ids": [first], "unread": 0}.items()
        assert receive(websocket)["id"] == second


def test_connected_user_is_recorded(platform: Instance, new_user: NewClient) -> None:
    user = new_user()
    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as client:
        assert client.get(seen_key(user.id)) is None
        receive(user.connect())
        until(lambda: client.get(seen_key(user.id)) is not None, "presence", 30)
