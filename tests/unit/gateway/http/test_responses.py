"""Headers of every response."""

from unittest.mock import Mock

import pytest

from gateway.cache.response_cache import cached_response
from gateway.http.responses import HTTPS_ONLY, SECURITY, Responder, common_headers
from gateway.request.context import from_environ


def test_hsts_is_sent_with_tls() -> None:
    assert HTTPS_ONLY in common_headers({"gateway": {"tls": {"certificate": "cert.pem"}}})
    assert HTTPS_ONLY not in common_headers({"gateway": {"tls": {"certificate": ""}}})


def test_line_breaks_in_a_path_are_escaped_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a\n2026 INFO all is well/\xc3\xa9/"}
    Responder(environ, from_environ(environ, 0), SECURITY, Mock()).start("204 No Content", [])
    assert "/a%0A2026%20INFO%20all%20is%20well/%C3%A9/ 204" in caplog.text


@pytest.mark.parametrize("if_none_match", ["", "*"], ids=["200", "304"])
def test_cached_response_overrides_the_common_cache_control(if_none_match: str) -> None:
    response, start = cached_response(b"{}"), Mock()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_IF_NONE_MATCH": if_none_match}
    common = common_headers({"gateway": {"tls": {"certificate": ""}}})
    Responder(environ, from_environ(environ, 0), common, start).cached(response)
    _, headers = start.call_args.args
    assert [value for name, value in headers if name == "Cache-Control"] == ["no-cache"]
