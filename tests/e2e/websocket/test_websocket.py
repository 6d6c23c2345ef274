"""The websocket protocol, with a client that knows nothing of the server."""

import socket as sockets
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import redis
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dev.machine.waiting import until
from dev.platform.instance import Instance
from notifications.contract import seen_key
from tests.e2e.support.gateways import gateway
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person, closed_with, receive_notification, receive_until_closed, received

Make = Callable[..., Person]


def rejected(person: Person, query: str = "", **options: object) -> int:
    with pytest.raises(InvalidStatus) as rejection:
        person.listen(query, **options)
    return rejection.value.response.status_code


def test_websocket_requires_a_valid_token(visitor: Make) -> None:
    person = visitor()
    assert rejected(person) == 401
    person.token = "a" * 43
    assert rejected(person) == 401


def test_browser_sends_its_token_as_a_subprotocol(new_user: Make) -> None:
    person = new_user()
    token, person.token = person.token, None
    socket = person.listen(subprotocols=["baraza.v1", f"bearer.{token}"])
    assert socket.subprotocol == "baraza.v1"
    assert received(socket)["type"] == "ready"


def test_other_origin_may_not_connect(new_user: Make, url: str) -> None:
    person = new_user()
    assert rejected(person, origin="https://evil.example") == 403
    assert received(person.listen(origin=url))["type"] == "ready"


@pytest.mark.parametrize("since", ["x", "", "../../etc"])
def test_since_must_be_an_id(new_user: Make, since: str) -> None:
    assert rejected(new_user(), f"?since={since}") == 422


def test_missed_notifications_are_replayed_in_order_before_new_ones(new_user: Make) -> None:
    author, reader = new_user(), new_user()
    socket = reader.listen()
    received(socket)
    author.writes("first")
    last = received(socket)
    socket.close()
    for text in ("second", "third", "fourth"):
        author.writes(text)
    until(lambda: reader.inbox()["unread"] == 4, "the inbox", 15)

    socket = reader.listen(f"?since={last['id']}")

    assert received(socket) == {"type": "ready", "unread": 4, "resumed": True}
    author.writes("fifth")
    assert [received(socket)["message"] for _ in range(3)] == ["second", "third", "fourth"]
    assert received(socket)["message"] == "fifth"


def test_unknown_since_is_reported_as_not_resumed(new_user: Make) -> None:
    socket = new_user().listen("?since=01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21")
    assert received(socket)["resumed"] is False


def test_all_websockets_of_a_user_receive_the_same(new_user: Make) -> None:
    author, reader = new_user(), new_user()
    listening = [reader.listen() for _ in range(4)]
    for socket in listening:
        received(socket)
    author.writes("to all windows")
    assert {received(socket)["message"] for socket in listening} == {"to all windows"}


def test_user_without_realtime_receives_no_frame_but_an_inbox_item(new_user: Make) -> None:
    author, reader = new_user(), new_user(notify_by=["email"])
    socket = reader.listen()
    received(socket)
    author.writes("quietly")
    until(lambda: reader.inbox()["unread"] == 1, "the inbox", 15)
    with pytest.raises(TimeoutError):
        received(socket, 0.5)


def test_logout_of_another_session_keeps_the_websocket_open(new_user: Make) -> None:
    author, person = new_user(), new_user()
    socket = person.listen()
    received(socket)
    here = person.token
    person.login()
    person.post("/logout/")
    person.token = here
    author.writes("still here?")
    assert received(socket)["message"] == "still here?"


def test_frames_of_clients_are_ignored(new_user: Make) -> None:
    author, person = new_user(), new_user()
    socket = person.listen()
    received(socket)
    for message in ("hello", b"\x00\xff", "{", "x" * 3000, ["in ", "", "fragments"]):
        socket.send(message)
    author.writes("anyway")
    assert received(socket)["message"] == "anyway"
    socket.send("x" * 5000)
    assert closed_with(socket) in {1008, 1009}


def test_flooding_client_is_disconnected(new_user: Make) -> None:
    socket = new_user().listen()
    received(socket)
    with suppress(ConnectionClosed):
        while True:
            socket.send("x" * 1000)
    assert closed_with(socket) in {1006, 1008}  # what it still sends may cost it our last words


def test_read_mark_is_sent_to_all_websockets_of_that_user_only(new_user: Make) -> None:
    author, reader, other = new_user(), new_user(), new_user()
    listening = [reader.listen(), reader.listen(), other.listen()]
    for socket in listening:
        received(socket)
    author.writes("read me")
    first = {receive_notification(socket)["id"] for socket in listening}.pop()
    assert reader.post("/notifications/read/", {"ids": [first]}).status_code == 204
    author.writes("and me")
    second = receive_notification(listening[2])["id"]
    for socket in listening[:2]:
        assert received(socket) == {"type": "read", "ids": [first], "unread": 0}
        assert received(socket)["id"] == second


def test_connected_user_is_recorded(platform: Instance, new_user: Make) -> None:
    person = new_user()
    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as client:
        assert client.get(seen_key(person.id)) is None
        received(person.listen())
        until(lambda: client.get(seen_key(person.id)) is not None, "presence", 5)


def test_stalled_reader_is_closed_and_can_resume(platform: Instance, new_user: Make, operator: Operator) -> None:
    staff, reader = new_user(), new_user()
    operator("users.set_staff", username=staff.name, is_staff=True)
    with gateway(platform, SOCKET_QUEUE_BYTES="20000") as narrow, sockets.socket() as line:
        line.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_MAXSEG, 536)  # small parts make small buffers on both sides
        line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        line.connect((urlsplit(narrow).hostname, urlsplit(narrow).port))
        stalling = reader.at(narrow).listen(sock=line, max_queue=1)
        message = {"user_id": reader.id, "channels": ["realtime"]}
        for number in range(60):
            reply = staff.post("/send-notification/", message | {"message": f"{number} " + "🫖" * 950})
            assert reply.status_code == 202
        (_, *frames), code = receive_until_closed(stalling)
    assert code == 1013
    resumed = reader.at(platform.environment["BARAZA_URL"]).listen(f"?since={frames[-1]['id']}", max_queue=None)
    assert received(resumed)["resumed"] is True
    frames += [receive_notification(resumed) for _ in range(60 - len(frames))]
    assert [int(frame["message"].split()[0]) for frame in frames] == list(range(60))


def test_more_than_10_websockets_per_user_and_process_are_rejected(platform: Instance, new_user: Make) -> None:
    person = new_user()
    masters = len(platform.control.replicas("gateway.app"))
    processes = len(platform.control.pids("gateway.app")) - masters
    codes = []
    for _ in range(10 * processes + 5):
        try:
            person.listen()
        except InvalidStatus as rejection:
            codes.append(rejection.response.status_code)
    assert set(codes) == {429}


UPGRADE = b"GET /ws/notifications/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
BROKEN = [
    UPGRADE + b"\r\n",
    UPGRADE + b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    UPGRADE + KEY + b"Sec-WebSocket-Version: 8\r\n\r\n",
    UPGRADE + KEY + b"\r\n",
    b"GET /ws/notifications/ HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
]


@pytest.mark.parametrize("request_", BROKEN, ids=range(len(BROKEN)))
def test_malformed_handshake_is_a_client_error(new_user: Make, url: str, request_: bytes) -> None:
    person = new_user()
    address = urlsplit(url)
    with sockets.create_connection((address.hostname or "", address.port or 80), timeout=10) as line:
        line.sendall(request_ % f"Authorization: Bearer {person.token}".encode())
        assert line.recv(4096).split()[1][:1] == b"4"


def test_websocket_without_a_replay_is_closed_with_1013(platform: Instance, new_user: Make) -> None:
    reader = new_user()
    platform.control.pause("notifications.service")
    try:
        assert closed_with(reader.listen()) == 1013
    finally:
        platform.control.resume("notifications.service")


def test_websockets_resume_after_the_broker_was_unavailable(platform: Instance, new_user: Make) -> None:
    author, reader = new_user(), new_user()
    socket = reader.listen()
    received(socket)
    platform.control.kill("rabbitmq")
    assert author.post("/create-post/", {"text": "during the outage"}).status_code in {201, 503}
    platform.control.wait_running("rabbitmq")
    until(lambda: author.post("/create-post/", {"text": "after it"}).status_code == 201, "the broker", 60)
    frames = [receive_notification(socket, 40)["message"]]
    while frames[-1] != "after it":
        frames.append(receive_notification(socket, 40)["message"])
    assert len(frames) == len(set(frames))


def test_restart_closes_websockets_with_1001_and_clients_resume(platform: Instance, new_user: Make) -> None:
    author, reader = new_user(), new_user()
    socket = reader.listen()
    received(socket)
    author.writes("before the restart")
    last = received(socket)
    platform.control.stop("gateway.app")
    assert closed_with(socket) == 1001
    platform.control.start("gateway.app")
    until(lambda: reader.get("/readyz").status_code == 200, "the gateway", 30)
    author.writes("after the restart")
    resumed = reader.listen(f"?since={last['id']}")
    assert received(resumed)["resumed"] is True
    assert receive_notification(resumed)["message"] == "after the restart"
