"""Bytes that are not valid HTTP get a problem document, as every other error does."""

import json
from http import HTTPStatus

import pytest

from tests.e2e.support.raw_http import exchange

CHUNKED = b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "no request line": (b"nonsense\r\n\r\n", 400),
    "no target": (b"GET\r\n\r\n", 400),
    "unknown version": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    "header without colon": (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
    "header name with space": (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    "host with a space": (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400),
    "host with a user": (b"GET / HTTP/1.1\r\nHost: user@x\r\n\r\n", 400),
    "host with half a bracket": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "negative length": (b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    "length and chunks": (
        b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunk size with sign": (CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk ended by a bare line feed": (CHUNKED + b"2\r\n{}\n0\r\n\r\n", 400),
    "trailer ended by a bare line feed": (CHUNKED + b"2\r\n{}\r\n0\r\nX: 1\n\n", 400),
    "long target": (b"GET /all-posts/?cursor=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
    "many headers": (
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        431,
    ),
}


def send(url: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and read until the server closes the connection; return status, headers and body."""
    head, _, body = exchange(url, request).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize(("request_", "expected"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_gets_a_problem_document(gateway_url: str, request_: bytes, expected: int) -> None:
    status, headers, body = send(gateway_url, request_)
    assert status == expected
    assert headers["Content-Type"] == "application/problem+json"
    document = json.loads(body)
    assert document["status"] == expected
    assert document["request_id"] == headers["X-Request-ID"]


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}",
        CHUNKED + b"2\r\n{}\r\n",
    ],
    ids=["shorter than its length", "without the last chunk"],
)
def test_body_that_ends_too_early_is_rejected(gateway_url: str, request_: bytes) -> None:
    head, _, body = exchange(gateway_url, request_, end=True).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["detail"] == "The body is not valid HTTP."


@pytest.mark.parametrize("host", [b"", b"x:8000", b"[::1]:8000", b"a_b.example.org."], ids=bytes.decode)
def test_valid_host_is_accepted(gateway_url: str, host: bytes) -> None:
    request = b"GET /livez HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host
    assert send(gateway_url, request)[0] == HTTPStatus.OK


def test_http_1_0_needs_no_host(gateway_url: str) -> None:
    assert send(gateway_url, b"GET /livez HTTP/1.0\r\n\r\n")[0] == HTTPStatus.OK


def test_answer_has_a_version_that_the_server_speaks(gateway_url: str) -> None:
    answer = exchange(gateway_url, b"GET /livez HTTP/1.2\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
