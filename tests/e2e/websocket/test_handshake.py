"""Which websocket handshakes the gateway accepts."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.frames import receive

HEADERS = b"Upgrade: websocket\r\nConnection: Upgrade\r\n%s\r\n"
UPGRADE = b"GET /ws/notifications/ HTTP/1.1\r\nHost: x\r\n" + HEADERS
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
MALFORMED = {
    "no key": UPGRADE + b"\r\n",
    "invalid key": UPGRADE + b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "old version": UPGRADE + KEY + b"Sec-WebSocket-Version: 8\r\n\r\n",
    "no version": UPGRADE + KEY + b"\r\n",
    "not ASCII": UPGRADE + KEY + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: \xe2\x98\x83\r\n\r\n",
    "HEAD": UPGRADE.replace(b"GET", b"HEAD") + KEY + VERSION + b"\r\n",
    "POST": UPGRADE.replace(b"GET", b"POST") + KEY + VERSION + b"\r\n",
    "HTTP/1.0": UPGRADE.replace(b"1.1", b"1.0") + KEY + VERSION + b"\r\n",
    "body": UPGRADE + KEY + VERSION + b"Content-Length: 1\r\n\r\nx",
    "chunked body": UPGRADE + KEY + VERSION + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "host and origin empty": UPGRADE.replace(b"Host: x", b"Host:") + KEY + VERSION + b"Origin: null\r\n\r\n",
    "no upgrade": b"GET /ws/notifications/ HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
}


def rejected_status(client: Client, query: str = "", **options: object) -> int:
    """Return the status of the response that rejects a handshake."""
    with pytest.raises(InvalidStatus) as rejection:
        client.connect(query, **options)
    return rejection.value.response.status_code


def test_websocket_requires_a_valid_token(new_client: NewClient) -> None:
    client = new_client()
    assert rejected_status(client) == 401
    client.token = "a" * 43
    assert rejected_status(client) == 401


def test_browser_sends_its_token_as_a_subprotocol(new_user: NewClient) -> None:
    user = new_user()
    token, user.token = user.token, None
    websocket = user.connect(subprotocols=["baraza.v1", f"bearer.{token}"])
    assert websocket.subprotocol == "baraza.v1"
    assert receive(websocket)["type"] == "ready"


def test_other_origin_may_not_connect(new_user: NewClient, url: str) -> None:
    user = new_user()
    assert rejected_status(user, origin="https://evil.example") == 403
    assert receive(user.connect(origin=url))["type"] == "ready"


@pytest.mark.parametrize("since", ["x", "", "../../etc"])
def test_since_must_be_an_id(new_user: NewClient, since: str) -> None:
    assert rejected_status(new_user(), f"?since={since}") == 422


@pytest.mark.parametrize("handshake", MALFORMED.values(), ids=MALFORMED)
def test_malformed_handshake_is_a_client_error(new_user: NewClient, url: str, handshake: bytes) -> None:
    user = new_user()
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as connection:
        connection.sendall(handshake % f"Authorization: Bearer {user.token}".encode())
        assert connection.recv(4096).split()[1][:1] == b"4"


@pytest.mark.parametrize(
    ("host", "status"),
    [(b"xn--a", 101), (b"xn--zzzz--:8000", 101), (b"\xc3\xbc.example.org", 400), (b"[", 400)],
)
def test_host_that_is_no_domain_name_is_accepted_if_its_syntax_is_valid(
    new_user: NewClient, url: str, host: bytes, status: int
) -> None:
    user = new_user()
    address = urlsplit(url)
    token = f"Authorization: Bearer {user.token}".encode()
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as connection:
        connection.sendall(UPGRADE.replace(b"Host: x", b"Host: " + host) % token + KEY + VERSION + b"\r\n")
        assert int(connection.recv(4096).split()[1]) == status


def test_more_than_10_simultaneous_websockets_per_user_and_process_are_rejected(
    platform: Instance, new_user: NewClient
) -> None:
    user = new_user()
    masters = len(platform.control.replicas("gateway.app"))
    processes = len(platform.control.pids("gateway.app")) - masters

    def status(_number: int) -> int:
        try:
            user.connect()
        except InvalidStatus as rejection:
            return rejection.response.status_code
        return 101

    handshakes = 40 * processes
    with ThreadPoolExecutor(handshakes) as pool:
        statuses = Counter(pool.map(status, range(handshakes)))
    assert statuses.keys() == {101, 429}
    assert statuses[101] <= 10 * processes
