"""What greenlets write together is sent together; what is read beyond a frame is kept for the next one."""

import socket
from collections.abc import Callable

import eventlet
import pytest
from amqp.transport import TCPTransport
from eventlet.event import Event as Signal

from chassis.amqp import buffers
from chassis.amqp.buffers import WriteBuffer


def test_writes_are_sent_together_in_their_order_as_they_were_when_they_were_written() -> None:
    sent: list[bytes] = []
    buffer = WriteBuffer(sent.append)
    reused = bytearray(b"first ")
    buffer.write(memoryview(reused))
    reused[:] = b"second"
    buffer.write(memoryview(reused))
    assert sent == []
    eventlet.sleep(0)
    assert sent == [b"first second"]


def test_error_is_raised_by_the_next_write_and_nothing_more_is_sent() -> None:
    attempts: list[bytes] = []

    def fail(data: bytes) -> None:
        attempts.append(data)
        raise ConnectionResetError

    buffer = WriteBuffer(fail)
    buffer.write(b"1")
    eventlet.sleep(0)
    with pytest.raises(ConnectionResetError):
        buffer.write(b"2")
    eventlet.sleep(0)
    assert attempts == [b"1"]


def test_writes_wait_while_too_much_is_unsent_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "MAX_WAITING", 2)
    released, sent = Signal(), []

    def send(data: bytes) -> None:
        released.wait()
        sent.append(data)

    buffer = WriteBuffer(send)
    buffer.write(b"1")
    eventlet.sleep(0)
    buffer.write(b"23")
    waiting = eventlet.spawn(buffer.write, b"4")
    eventlet.sleep(0)
    assert not waiting.dead
    released.send()
    waiting.wait()
    eventlet.sleep(0)
    assert b"".join(sent) == b"1234"


@pytest.fixture
def transport() -> Callable[[socket.socket], TCPTransport]:
    def transport(sock: socket.socket) -> TCPTransport:
        transport = TCPTransport("127.0.0.1:5672")
        transport.sock = sock
        transport._setup_transport()  # noqa: SLF001 - what `connect` does after it has connected
        transport.connected = True
        buffers.install(transport)
        return transport

    return transport


def test_frames_that_arrive_together_are_read_at_once(transport: Callable[[socket.socket], TCPTransport]) -> None:
    broker, client = socket.socketpair()
    with broker, client:
        buffered = transport(client)
        frame = b"\x08\x00\x00\x00\x00\x00\x03abc\xce"
        broker.sendall(frame * 2)
        assert bytes(buffered.read_frame()[2]) == b"abc"
        broker.close()
        assert bytes(buffered.read_frame()[2]) == b"abc"


def test_transport_sends_what_was_written(transport: Callable[[socket.socket], TCPTransport]) -> None:
    broker, client = socket.socketpair()
    with broker, client:
        buffered = transport(client)
        buffered.write(b"one")
        buffered.write(b"two")
        eventlet.sleep(0)
        assert broker.recv(100) == b"onetwo"
