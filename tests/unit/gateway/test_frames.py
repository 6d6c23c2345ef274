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
def test_any_text_arrives_as_it_was_sent(text: str) -> None:
    assert received(frames.text(text.encode())) == [TextMessage(data=text)]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 200_000])
def test_frames_of_all_three_length_forms_are_read(size: int) -> None:
    event = received(frames.text(b"x" * size))
    assert [len(part.data) for part in event if isinstance(part, TextMessage)] == [size]


def test_a_close_frame_says_why() -> None:
    assert received(frames.close(1013, "too slow")) == [CloseConnection(code=1013, reason="too slow")]


def test_a_ping_is_a_ping() -> None:
    assert received(frames.PING) == [Ping(payload=b"")]
