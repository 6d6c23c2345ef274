"""Clients that send a head in small pieces, or do not read the answer."""

import errno
import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
import trustme
from gevent import socket, ssl
from gevent.event import AsyncResult
from gevent.pool import Pool
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader

from gateway.server import slow_clients
from gateway.server.slow_clients import PatientRequest

HEAD = b"GET /all-posts/ HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 400 + b"\r\n\r\n"
PEER = ("192.0.2.1", 1)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    client, server = socket.socketpair()
    with client, server:
        yield client, server


class CountingUnreader(SocketUnreader):
    reads = 0

    def read(self, *args: object, **kwargs: object) -> bytes:
        self.reads += 1
        data: bytes = super().read(*args, **kwargs)
        return data


def test_head_in_single_bytes_is_read_in_few_pieces(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "PAUSE", 0.05)
    client, server = pair

    def trickle() -> None:
        for byte in HEAD:
            client.sendall(bytes([byte]))
            gevent.sleep(0.001)

    sending = gevent.spawn(trickle)
    unreader = CountingUnreader(server)
    request = PatientRequest(Config(), unreader, PEER)
    sending.get(timeout=5)
    assert request.path == "/all-posts/"
    assert unreader.reads < len(HEAD) / 3


def test_head_that_does_not_end_is_given_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "HEAD_TIME", 0.2)
    client, server = pair

    def trickle() -> None:
        while True:
            client.sendall(b"x")
            gevent.sleep(0.02)

    client.sendall(b"GET / HTTP/1.1\r\n")
    sending = gevent.spawn(trickle)
    with gevent.Timeout(5), pytest.raises(NoMoreData):
        PatientRequest(Config(), SocketUnreader(server), PEER)
    sending.kill()


def test_idle_connection_is_no_unfinished_head(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "HEAD_TIME", 0.05)
    client, server = pair
    gevent.spawn_later(0.2, client.sendall, HEAD)
    assert PatientRequest(Config(), SocketUnreader(server), PEER).method == "GET"


def test_answer_of_any_size_arrives(pair: Pair) -> None:
    client, server = pair
    for answer in (b"x", b"0123456789" * (1 << 20)):
        writing = gevent.spawn(slow_clients.write, server, answer)
        received = b""
        while len(received) < len(answer):
            received += client.recv(1 << 20)
        assert received == answer
        writing.get(timeout=5)


def test_answer_that_is_not_read_is_given_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "ANSWER_TIME", 0.1)
    _, server = pair
    started = time.monotonic()
    with pytest.raises(BrokenPipeError) as error:
        slow_clients.write(server, b"x" * (16 << 20))
    assert error.value.errno == errno.EPIPE
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("length", "sent", "expected"), [(0, 0, True), (5000, 5000, True), (5000, 10, False), (1 << 30, 1 << 18, False)]
)
def test_rest_of_a_body_is_discarded_unless_it_is_late_or_long(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, length: int, sent: int, *, expected: bool
) -> None:
    monkeypatch.setattr(slow_clients, "UNREAD", 1 << 17)
    monkeypatch.setattr(slow_clients, "UNREAD_TIME", 0.2)
    client, server = pair
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
    sending = gevent.spawn(client.sendall, head + b"x" * sent)
    request = PatientRequest(Config(), SocketUnreader(server), PEER)
    assert slow_clients.discard_body(request) is expected
    sending.kill()


def test_malformed_rest_of_a_body_is_not_discarded(pair: Pair) -> None:
    client, server = pair
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n")
    assert not slow_clients.discard_body(PatientRequest(Config(), SocketUnreader(server), PEER))


@pytest.fixture(scope="module")
def certificate_authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(certificate_authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate_authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n"], ids=["silent client", "plain HTTP"])
def test_tls_handshake_that_stalls_or_fails_is_given_up(
    pair: Pair, server_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(slow_clients, "HANDSHAKE_TIME", 0.2)
    client, server = pair
    client.sendall(sent)
    connection = server_context.wrap_socket(server, server_side=True, do_handshake_on_connect=False)
    assert not slow_clients.finish_handshake(connection)


def test_tls_handshake_is_left_to_the_worker(server_context: ssl.SSLContext, certificate_authority: trustme.CA) -> None:
    results: AsyncResult[bool] = AsyncResult()

    def handle(connection: Any, _address: object) -> None:
        results.set(slow_clients.finish_handshake(connection))

    server = slow_clients.Server(("127.0.0.1", 0), handle, Pool(1), ssl_context=server_context)
    server.start()
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    certificate_authority.configure_trust(trusted)
    with (
        socket.create_connection(("127.0.0.1", server.server_port)) as client,
        trusted.wrap_socket(client, server_hostname="127.0.0.1"),
    ):
        assert results.get(timeout=5)
    server.stop()


def test_connections_without_tls_have_no_handshake(pair: Pair) -> None:
    assert slow_clients.finish_handshake(pair[1])
