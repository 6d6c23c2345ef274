"""Headers of every response."""

from typing import Any

import pytest

from gateway.cache import response_cache
from gateway.http.responses import HTTPS_ONLY, SECURITY, Responder, common_headers
from gateway.request.context import from_environ

ENVIRON = {"REQUEST_METHOD": "GET", "PATH_INFO": "/all-posts/"}


class Client:
    """Records the headers of a response."""

    def __init__(self, **environ: str) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.responder = Responder(ENVIRON | environ, from_environ(environ, 0), SECURITY, self._start)

    def _start(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        self.status, self.headers = status, headers

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


def test_every_response_has_the_security_headers() -> None:
    client = Client()
    client.responder.start("200 OK", [("Content-Type", "application/json")])
    assert client.values("X-Content-Type-Options") == ["nosniff"]
    assert client.values("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
    assert client.values("X-Request-ID")


def test_response_keeps_its_own_content_security_policy() -> None:
    client = Client()
    client.responder.start("200 OK", [("content-security-policy", "default-src 'self'")])
    assert client.values("content-security-policy") == ["default-src 'self'"]
    assert client.values("Content-Security-Policy") == []


def test_cached_response_has_security_headers_and_length() -> None:
    client = Client()
    assert client.responder.cached(response_cache.cached_response(b"{}")) == [b"{}"]
    assert client.values("Content-Length") == ["2"]
    assert client.values("X-Frame-Options") == ["DENY"]


def test_matching_etag_gets_304() -> None:
    answer = response_cache.cached_response(b"{}")
    client = Client(HTTP_IF_NONE_MATCH=answer.etag)
    assert client.responder.cached(answer) == []
    assert client.status == "304 Not Modified"


def test_hsts_is_sent_with_tls() -> None:
    assert HTTPS_ONLY in common_headers({"gateway": {"tls": {"certificate": "cert.pem"}}})
    assert HTTPS_ONLY not in common_headers({"gateway": {"tls": {"certificate": ""}}})


def test_line_breaks_in_a_path_are_escaped_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Client(PATH_INFO="/a\n2026 INFO all is well/\xc3\xa9/").responder.start("204 No Content", [])
    assert "/a%0A2026%20INFO%20all%20is%20well/%C3%A9/ 204" in caplog.text
