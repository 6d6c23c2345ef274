"""Frames as a websocket library reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, TextMessage

from gateway.websocket import frames


def received(data: bytes) -> list[object]:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


@given(st.text())
def test_text_frame_round_trips(text: str) -> None:
    assert received(frames.text(text.encode())) == [TextMessage(data=text)]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 200_000])
def test_frame_is_read_with_each_length_form(size: int) -> None:
    event = received(frames.text(b"x" * size))
    assert [len(part.data) for part in event if isinstance(part, TextMessage)] == [size]


def test_close_and_ping_frames_are_read() -> None:
    assert received(frames.close(1013, "too slow")) == [CloseConnection(code=1013, reason="too slow")]
    assert received(frames.PING) == [Ping(payload=b"")]
