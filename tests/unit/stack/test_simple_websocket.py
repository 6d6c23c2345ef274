"""simple-websocket and flask-sock, as they are without our outlet and checks."""

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


class Narrow:
    """A socket that takes ten bytes at a time, once it is told so, as one does whose buffer is full."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.most = 100_000

    def send(self, data: bytes) -> int:
        return self._sock.send(data[: self.most])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@pytest.fixture
def ends() -> Iterator[Ends]:
    near, far = socket.socketpair()
    near.settimeout(5)
    far.settimeout(5)
    with near, far:
        yield near, far


def accepted(sock: Any) -> Server:
    return Server({**HANDSHAKE, "gunicorn.socket": sock})


def end(server: Server, far: socket.socket) -> None:
    """Let the thread that reads see the end."""
    far.close()
    server.thread.join(5)


def test_how_much_a_send_wrote_is_ignored_so_that_a_slow_reader_gets_a_torn_frame(ends: Ends) -> None:
    near, far = ends
    narrow = Narrow(near)
    server = accepted(narrow)
    far.recv(4096)
    narrow.most = 10
    server.send("a text of more than ten bytes")
    assert len(far.recv(4096)) == 10
    end(server, far)


def test_compression_is_accepted_whenever_it_is_offered(ends: Ends) -> None:
    near, far = ends
    server = accepted(near)
    assert b"permessage-deflate" in far.recv(4096)
    end(server, far)


def test_what_a_client_says_is_kept_without_limit_until_somebody_asks_for_it(ends: Ends) -> None:
    near, far = ends
    server = accepted(near)
    far.recv(4096)
    client = Connection(ConnectionType.CLIENT)
    for _ in range(10):
        far.sendall(client.send(TextMessage(data=LARGE)))
    end(server, far)
    assert [server.receive() for _ in range(10)] == [LARGE] * 10


def test_the_101_is_out_before_the_handler_runs_and_nobody_looks_at_the_origin(ends: Ends) -> None:
    near, far = ends
    app = Flask(__name__)
    seen: list[bytes] = []

    def handler(_ws: Server) -> None:
        seen.append(far.recv(4096))
        far.close()

    Sock(app).route("/ws")(handler)
    with pytest.raises(StopIteration):  # how flask-sock ends a websocket under gunicorn
        app.test_client().get("/ws", environ_overrides={**HANDSHAKE, "gunicorn.socket": near})
    assert seen[0].startswith(b"HTTP/1.1 101 ")
