"""The handshake of a websocket: what is accepted, and the response."""

from typing import Any

import pytest

from gateway.http import problems
from gateway.http.problems import Malformed
from gateway.request.context import CONTEXT_KEY, Quota, from_environ
from gateway.websocket import upgrade

# The example of RFC 6455, section 1.3.
VALID = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "server.example.com",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Socket:
    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)


class Loop:
    name = ""

    def __init__(self, target: Any) -> None: ...

    def start(self) -> None: ...


def response(**headers: str) -> str:
    """Return the response to a handshake with further headers."""
    socket = Socket()
    environ: dict[str, Any] = VALID | headers | {"gunicorn.socket": socket}
    context = environ[CONTEXT_KEY] = from_environ(environ, 0)
    context.quota = Quota(1000, 1, 3600)
    upgrade.require_valid(environ)
    upgrade.Server(environ, thread_class=Loop)
    return socket.sent.decode()


def test_response_proves_that_the_key_was_read() -> None:
    status, *headers = response().removesuffix("\r\n\r\n").split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert headers[:3] == ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}"]


def test_response_has_the_request_id_and_the_rate_limit() -> None:
    found = response(HTTP_X_REQUEST_ID="my-request-1")
    assert "\r\nX-Request-ID: my-request-1\r\n" in found
    assert "\r\nX-RateLimit-Remaining: 999\r\n" in found


@pytest.mark.parametrize(
    ("offered", "selected"), [("baraza.v1", True), ("bearer.x, baraza.v1", True), ("bearer.x,BARAZA.V1", False)]
)
def test_subprotocol_is_selected_if_it_is_offered(offered: str, *, selected: bool) -> None:
    found = response(HTTP_SEC_WEBSOCKET_PROTOCOL=offered)
    assert found.endswith("\r\n\r\n")
    assert ("\r\nSec-WebSocket-Protocol: baraza.v1\r\n" in found) is selected


def test_compression_is_not_negotiated() -> None:
    assert "Extensions" not in response(HTTP_SEC_WEBSOCKET_EXTENSIONS="permessage-deflate")


def test_response_to_another_version_names_the_right_one() -> None:
    with pytest.raises(Malformed) as error:
        upgrade.require_valid(VALID | {"HTTP_SEC_WEBSOCKET_VERSION": "8"})
    assert ("Sec-WebSocket-Version", "13") in problems.headers(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUEST_METHOD", "POST"),
        ("REQUEST_METHOD", "HEAD"),
        ("SERVER_PROTOCOL", "HTTP/1.0"),
        ("CONTENT_LENGTH", "5"),
        ("HTTP_TRANSFER_ENCODING", "chunked"),
        ("HTTP_HOST", None),
        ("HTTP_CONNECTION", None),
        ("HTTP_CONNECTION", "keep-alive"),
        ("HTTP_SEC_WEBSOCKET_KEY", None),
        ("HTTP_SEC_WEBSOCKET_KEY", "dGhlIHNhbXBsZSBub25jZQ"),
        ("HTTP_SEC_WEBSOCKET_VERSION", None),
        ("HTTP_SEC_WEBSOCKET_VERSION", "8"),
        ("HTTP_SEC_WEBSOCKET_PROTOCOL", "\u00e2\u0098\u0083"),
    ],
)
def test_invalid_handshake_is_malformed(name: str, value: str | None) -> None:
    environ = {header: given for header, given in (VALID | {name: value}).items() if given is not None}
    with pytest.raises(Malformed):
        upgrade.require_valid(environ)
