"""Replay of missed notifications, and the close codes after which clients reconnect."""

import socket
from urllib.parse import urlsplit

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient
from tests.e2e.support.extra_gateway import extra_gateway
from tests.e2e.support.frames import close_code, receive, receive_notification, receive_until_closed
from tests.e2e.support.inbox_client import BEGINNING


def test_missed_notifications_are_replayed_in_order_before_new_ones(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    websocket = reader.connect()
    receive(websocket)
    author.create_post("first")
    last = receive(websocket)
    websocket.close()
    for text in ("second", "third", "fourth"):
        author.create_post(text)
    until(lambda: reader.inbox()["unread"] == 4, "the inbox", 30)

    websocket = reader.connect(f"?since={last['id']}")

    ready = receive(websocket)
    assert (ready["type"], ready["unread"], ready["resumed"], ready["seq"]) == ("ready", 4, True, last["seq"] + 3)
    author.create_post("fifth")
    assert [receive(websocket)["message"] for _ in range(3)] == ["second", "third", "fourth"]
    fifth = receive(websocket)
    assert (fifth["message"], fifth["seq"]) == ("fifth", ready["seq"] + 1)


def test_client_misses_nothing_that_comes_after_it_fetched_an_empty_inbox(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    assert reader.inbox()["items"] == []
    author.create_post("between")
    until(lambda: reader.inbox()["unread"] == 1, "the inbox", 30)

    websocket = reader.connect(f"?since={BEGINNING}")

    assert receive(websocket)["resumed"] is True
    assert receive(websocket)["message"] == "between"


def test_unknown_since_is_reported_as_not_resumed(new_user: NewClient) -> None:
    websocket = new_user().connect("?since=01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21")
    assert receive(websocket)["resumed"] is False


def test_stalled_reader_is_closed_and_can_resume(platform: Instance, new_user: NewClient, new_staff: NewClient) -> None:
    staff, reader = new_staff(), new_user()
    with extra_gateway(platform, SOCKET_QUEUE_BYTES="20000") as url, socket.socket() as connection:
        # Small segments and a small receive buffer make small buffers on both sides.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((urlsplit(url).hostname, urlsplit(url).port))
        stalled = reader.use_gateway(url).connect(sock=connection, max_queue=1, ping_interval=None)
        assert receive(stalled)["type"] == "ready"  # what was sent before is not in the frames
        message = {"user_id": reader.id, "channels": ["realtime"]}
        for number in range(60):
            response = staff.post("/send-notification/", message | {"message": f"{number} " + "🫖" * 950})
            assert response.status_code == 202
        frames, code = receive_until_closed(stalled)
    assert code == 1013
    resumed = reader.use_gateway(staff.url).connect(f"?since={frames[-1]['id']}")
    assert receive(resumed)["resumed"] is True
    frames += [receive_notification(resumed) for _ in range(60 - len(frames))]
    assert [int(frame["message"].split()[0]) for frame in frames] == list(range(60))


def test_websocket_without_a_replay_is_closed_with_1013(platform: Instance, new_user: NewClient) -> None:
    reader = new_user()
    platform.control.pause("notifications.service")
    try:
        assert close_code(reader.connect()) == 1013
    finally:
        platform.control.resume("notifications.service")


def test_restart_closes_websockets_with_1001_and_clients_resume(platform: Instance, new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    websocket = reader.connect()
    receive(websocket)
    author.create_post("before the restart")
    last = receive(websocket)
    platform.control.stop("gateway.app")
    try:
        assert close_code(websocket) == 1001
    finally:
        platform.control.start("gateway.app")
    until(lambda: reader.get("/readyz").status_code == 200, "the gateway", 30)
    author.create_post("after the restart")
    resumed = reader.connect(f"?since={last['id']}")
    assert receive(resumed)["resumed"] is True
    assert receive_notification(resumed)["message"] == "after the restart"
