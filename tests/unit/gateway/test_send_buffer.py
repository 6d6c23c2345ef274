"""A slow reader never makes the writer wait, and never gets a torn frame."""

import socket
from collections.abc import Iterator

import gevent.socket
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, TextMessage

from gateway.websocket import frames
from gateway.websocket.send_buffer import INPUT, SendBuffer

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


def read_all(far: gevent.socket.socket) -> list[Event]:
    client = Connection(ConnectionType.CLIENT)
    far.settimeout(5)
    events: list[Event] = []
    while data := far.recv(65536):
        client.receive_data(data)
        for event in client.events():
            events.append(event)
            if isinstance(event, CloseConnection):
                return events
    return events


def test_slow_reader_gets_whole_frames_in_order(pair: Pair) -> None:
    buffer, far = pair
    sent = [f"{number}:" + "x" * 3000 for number in range(20)]
    for text in sent:
        buffer.send(frames.text(text.encode()))
    assert "".join(read_texts(far, len("".join(sent)))) == "".join(sent)


def test_connection_with_full_buffer_is_closed_with_1013(pair: Pair) -> None:
    buffer, far = pair
    for _ in range(200):
        buffer.send(frames.text(b"x" * 3000))
    events = read_all(far)
    assert isinstance(events[-1], CloseConnection)
    assert events[-1].code == frames.TRY_AGAIN_LATER


def test_flooding_client_is_disconnected(pair: Pair) -> None:
    buffer, far = pair
    gevent.spawn(far.sendall, b"x" * (2 * INPUT))
    while buffer.recv(4096):
        pass
    assert read_all(far)[-1] == CloseConnection(code=frames.POLICY_VIOLATION, reason="too much to say")


def test_writing_to_a_closed_connection_raises_nothing(pair: Pair) -> None:
    buffer, far = pair
    far.close()
    for _ in range(3):
        buffer.send(frames.text(b"hello?"))
