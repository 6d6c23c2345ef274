"""Requests to the provider verify its certificate, and connect to any address of its name."""

import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import eventlet
import pytest
import requests
import trustme
from eventlet.support import greendns

from users.identities import http


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def port(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[int]:
    """Serve HTTPS on 127.0.0.1 with a certificate for the name of the test's parameter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(request.param).configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def get(url: str, authority: trustme.CA, folder: Path) -> requests.Response:
    certificate = folder / "ca.pem"
    authority.cert_pem.write_to_path(certificate)
    with requests.Session() as session:
        http.limit(session)
        return session.get(url, verify=str(certificate), timeout=5)


@pytest.mark.parametrize("port", ["localhost"], indirect=True)
def test_https_with_a_certificate_of_the_name_is_accepted(port: int, authority: trustme.CA, tmp_path: Path) -> None:
    """localhost may have an IPv6 address too, on which nothing listens."""
    assert get(f"https://localhost:{port}/", authority, tmp_path).text == f"localhost:{port}"


@pytest.mark.parametrize("port", ["other.example.org"], indirect=True)
def test_certificate_of_another_name_is_rejected(port: int, authority: trustme.CA, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        get(f"https://localhost:{port}/", authority, tmp_path)


@pytest.mark.parametrize("port", ["localhost"], indirect=True)
def test_certificate_of_another_authority_is_rejected(port: int, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        get(f"https://localhost:{port}/", trustme.CA(), tmp_path)


class KeepAlive(BaseHTTPRequestHandler):
    """Answers with the client's port, and keeps the connection open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        port = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(port)))
        self.end_headers()
        self.wfile.write(port)
        self.close_connection = False


def test_no_connection_is_used_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), KeepAlive) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        with requests.Session() as session:
            http.limit(session)
            url = f"http://127.0.0.1:{server.server_address[1]}/"
            ports = {session.get(url, timeout=5).text for _ in range(5)}
        server.shutdown()
        thread.join()
    assert len(ports) == 5


def test_address_on_which_nothing_listens_is_a_connection_error() -> None:
    with requests.Session() as session:
        http.limit(session)
        with pytest.raises(requests.ConnectionError):
            session.get("http://localhost:9/", timeout=5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_name_server_that_does_not_answer_delays_no_other_greenlet(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = greendns.ResolverProxy(filename=io.StringIO("nameserver 127.0.0.1"))
        resolver._resolver.port = silent.getsockname()[1]  # noqa: SLF001 - resolv.conf has no ports
        monkeypatch.setattr(greendns, "resolver", resolver)
        connecting = eventlet.spawn(http.connect, "id.example.org", 443, 1, None)
        while not select.select([silent], [], [], 0)[0]:  # until it was asked
            eventlet.sleep(0.01)
        started = time.monotonic()
        for _ in range(5):
            eventlet.sleep(0.01)
        assert not connecting.dead
        assert time.monotonic() - started < http.CONNECT
        connecting.kill()
