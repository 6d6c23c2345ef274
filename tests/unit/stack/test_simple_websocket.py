"""simple-websocket and flask-sock without the gateway's send buffer and checks."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_sock import Sock
from simple_websocket import Server
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

HANDSHAKE = {
    "HTTP_HOST": "baraza.example.org",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_ORIGIN": "https://evil.example",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate",
}
LARGE = "x" * 100_000

Ends = tuple[socket.socket, socket.socket]


class FullSocket:
    """A socket whose `send` writes at most `limit` bytes, as if its buffer was full."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.limit = 100_000

    def send(self, data: bytes) -> int:
        return self._sock.send(data[: self.limit])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@pytest.fixture
def ends() -> Iterator[Ends]:
    near, far = socket.socketpair()
    near.settimeout(5)
    far.settimeout(5)
    with near, far:
        yield near, far


def accept(sock: Any) -> Server:
    return Server({**HANDSHAKE, "gunicorn.socket": sock})


def end(server: Server, far: socket.socket) -> None:
    """Close the connection, and wait for the thread that reads it."""
    far.close()
    server.thread.join(5)


def test_partial_send_is_ignored_and_truncates_the_frame(ends: Ends) -> None:
    near, far = ends
    full = FullSocket(near)
    server = accept(full)
    far.recv(4096)
    full.limit = 10
    server.send("a text of more than ten bytes")
    assert len(far.recv(4096)) == 10
    end(server, far)


def test_offered_compression_is_accepted(ends: Ends) -> None:
    near, far = ends
    server = accept(near)
    assert b"permessage-deflate" in far.recv(4096)
    end(server, far)


def test_received_messages_are_buffered_without_limit(ends: Ends) -> None:
    near, far = ends
    server = accept(near)
    far.recv(4096)
    client = Connection(ConnectionType.CLIENT)
    for _ in range(10):
        far.sendall(client.send(TextMessage(data=LARGE)))
    end(server, far)
    assert [server.receive() for _ in range(10)] == [LARGE] * 10


def test_101_is_sent_before_the_handler_runs_without_checking_the_origin(ends: Ends) -> None:
    near, far = ends
    app = Flask(__name__)
    sent: list[bytes] = []

    def handler(_ws: Server) -> None:
        sent.append(far.recv(4096))
        far.close()

    Sock(app).route("/ws")(handler)
    with pytest.raises(StopIteration):  # how flask-sock ends a websocket under gunicorn
        app.test_client().get("/ws", environ_overrides={**HANDSHAKE, "gunicorn.socket": near})
    assert sent[0].startswith(b"HTTP/1.1 101 ")
