"""What gunicorn's responses send, and with how many system calls."""

from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn import util
from gunicorn.config import Config

from gateway.server.lean_responses import Response, fix_settings, http_date


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    sent: list[bytes] = []
    monkeypatch.setattr(util, "write", lambda _sock, data, chunked=False: sent.append(b"chunk:" * chunked + data))
    monkeypatch.setattr(util, "write_chunk", lambda _sock, data: sent.append(b"end" + data))
    return sent


def respond(*body: bytes, status: str = "200 OK", length: int | None = None, method: str = "GET") -> None:
    request: Any = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    response = Response(request, None, SimpleNamespace())
    response.start_response(status, [] if length is None else [("Content-Length", str(length))])
    for part in body:
        response.write(part)
    response.close()


def test_head_and_body_are_sent_together(sent: list[bytes]) -> None:
    respond(b"bo", b"dy", length=4)
    assert [data.rpartition(b"\r\n\r\n")[2] for data in sent] == [b"bo", b"dy"]
    assert sent[0].startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("status", "length", "method"),
    [("204 No Content", None, "POST"), ("304 Not Modified", None, "GET"), ("200 OK", 4, "HEAD")],
)
def test_head_without_a_body_is_sent_once(sent: list[bytes], status: str, length: int | None, method: str) -> None:
    respond(b"", status=status, length=length, method=method)
    assert len(sent) == 1
    assert sent[0].endswith(b"\r\n\r\n")


def test_chunks_follow_the_head(sent: list[bytes]) -> None:
    respond(b"bo", b"dy")
    assert [data[:9] for data in sent] == [b"HTTP/1.1 ", b"chunk:bo", b"chunk:dy", b"end"]


def test_date_is_that_of_the_current_second(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, text in ((0, "00:00:00"), (0.9, "00:00:00"), (1, "00:00:01")):
        monkeypatch.setattr("time.time", lambda seconds=seconds: seconds)
        assert http_date() == f"Thu, 01 Jan 1970 {text} GMT"


def test_fixed_settings_have_the_same_values_without_a_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, fixed = Config(), Config()
    settings.set("keepalive", 75)
    fixed.set("keepalive", 75)
    fix_settings(fixed)
    expected = {name: getattr(settings, name) for name in settings.settings}
    monkeypatch.delattr(Config, "__getattr__")
    assert {name: getattr(fixed, name) for name in expected} == expected
