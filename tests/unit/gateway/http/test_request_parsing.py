"""Bodies that do not arrive in time, or at all."""

from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from gunicorn.http.errors import NoMoreData

from gateway.http import request_parsing
from gateway.http.problems import TooLarge
from gateway.http.request_parsing import BrokenBody, read_body


def request(read: Any, content_length: int | None = None) -> Any:
    return cast("Any", SimpleNamespace(stream=SimpleNamespace(read=read), content_length=content_length))


def stall(_size: int) -> bytes:
    gevent.sleep(60)
    return b""


def test_body_that_stalls_ends_the_connection_with_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_parsing, "BODY_TIME", 0.05)
    with pytest.raises(BrokenBody) as broken:
        read_body(request(stall))
    assert broken.value.status == HTTPStatus.REQUEST_TIMEOUT


def test_body_that_is_declared_as_too_large_is_rejected_before_it_arrives() -> None:
    with pytest.raises(TooLarge):
        read_body(request(stall, request_parsing.MAX_BODY + 1))


def test_large_body_that_stalls_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_parsing, "BODY_TIME", 0.05)
    parts = iter([b"x" * (request_parsing.MAX_BODY + 1)])
    with pytest.raises(TooLarge):
        read_body(request(lambda _size: next(parts, None) or stall(_size)))


def test_body_that_ends_too_early_ends_the_connection_with_400() -> None:
    def read(_size: int) -> bytes:
        raise NoMoreData

    with pytest.raises(BrokenBody) as broken:
        read_body(request(read))
    assert broken.value.status == HTTPStatus.BAD_REQUEST


def test_body_that_is_shorter_than_its_length_ends_the_connection_with_400() -> None:
    """A part of a form can be a valid form with other values."""
    with pytest.raises(BrokenBody) as broken:
        read_body(request(lambda _size: b"id=1&status=Success", 40))
    assert broken.value.status == HTTPStatus.BAD_REQUEST


def test_body_with_its_length_is_returned() -> None:
    assert read_body(request(lambda _size: b"{}", 2)) == b"{}"
