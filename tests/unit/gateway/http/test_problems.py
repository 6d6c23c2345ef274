"""Errors become problem documents without internal details."""

import json

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from chassis import errors
from gateway.http import problems

KINDS = [
    (errors.Invalid.field("text", "is blank"), 422),
    (errors.Unauthenticated("Sign in first."), 401),
    (errors.Forbidden("Staff only."), 403),
    (errors.NotFound("No such post."), 404),
    (errors.Conflict("Taken."), 409),
    (errors.TooManyRequests("Later."), 429),
    (errors.Unavailable("Down."), 503),
    (errors.DeadlineExceeded("Late."), 504),
    (problems.Malformed("No JSON."), 400),
    (problems.TooLarge("Too large."), 413),
    (problems.UnsupportedMedia("JSON, please."), 415),
]


@pytest.mark.parametrize(("error", "status"), KINDS)
def test_each_error_has_its_status(error: errors.ServiceError, status: int) -> None:
    rejection, _ = problems.translate(error)
    document = json.loads(problems.document(rejection, "r-1"))
    assert document["status"] == rejection.status == status
    assert {"type", "title", "status", "detail", "code", "request_id"} <= document.keys()


def test_www_authenticate_distinguishes_invalid_from_missing_token() -> None:
    bad = dict(problems.headers(errors.Unauthenticated("no", "invalid_token")))["WWW-Authenticate"]
    none = dict(problems.headers(errors.Unauthenticated("no")))["WWW-Authenticate"]
    assert 'error="invalid_token"' in bad
    assert "error" not in none


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.Unavailable("Down."), "2"),
        (errors.Unavailable("Down.", None, (), 30), "30"),
        (errors.TooManyRequests("Later.", None, (), 7), "7"),
        (errors.TooManyRequests("Later."), None),
        (errors.Conflict("Taken."), None),
    ],
)
def test_retry_after_is_sent_where_known(error: errors.ServiceError, seconds: str | None) -> None:
    assert dict(problems.headers(error)).get("Retry-After") == seconds


@pytest.mark.parametrize(
    ("error", "status"),
    [(OperationalError("SELECT secret", {"p": "hunter2"}, Exception("dsn")), 503), (KeyError("hunter2"), 500)],
)
def test_text_of_an_unexpected_error_is_not_sent(error: Exception, status: int) -> None:
    rejection, _ = problems.translate(error)
    assert rejection.status == status
    assert b"hunter2" not in problems.document(rejection, "r-1")
    assert b"secret" not in problems.document(rejection, "r-1")


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (OperationalError("SELECT 1", {}, Exception("refused")), "WARNING"),
        (ProgrammingError("SELECT 1", {}, Exception("no table")), "ERROR"),
    ],
)
def test_database_that_is_down_is_logged_as_a_warning(
    error: Exception, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    problems.translate(error)
    assert [one.levelname for one in caplog.records] == [level]
