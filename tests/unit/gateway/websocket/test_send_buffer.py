"""A slow reader never makes the writer wait, and never gets a torn frame."""

import socket
from collections.abc import Iterator

import gevent.socket
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from gateway.websocket import frames
from gateway.websocket.send_buffer import SendBuffer

Pair = tuple[SendBuffer, gevent.socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = gevent.socket.socketpair()
    with near, far:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield SendBuffer(near, 100_000), far


def read_texts(far: gevent.socket.socket, size: int) -> list[str]:
    client = Connection(ConnectionType.CLIENT)
    far.settimeout(5)
    texts: list[str] = []
    while sum(map(len, texts)) < size:
        client.receive_data(far.recv(1000))
        texts += [event.data for event in client.events() if isinstance(event, TextMessage)]
    return texts


def test_slow_reader_gets_whole_frames_in_order(pair: Pair) -> None:
    buffer, far = pair
    sent = [f"{number}:" + "x" * 3000 for number in range(20)]
    for text in sent:
        buffer.send(frames.text(text.encode()))
    assert "".join(read_texts(far, len("".join(sent)))) == "".join(sent)


def test_writing_to_a_closed_connection_raises_nothing(pair: Pair) -> None:
    buffer, far = pair
    far.close()
    for _ in range(3):
        buffer.send(frames.text(b"hello?"))
