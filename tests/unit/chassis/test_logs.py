import json
import logging
import sys

import pytest

from chassis.observability import correlation, logs


def record(name: str = "feeds", message: str = "it happened", **extra: object) -> logging.LogRecord:
    made = logging.getLogger(name).makeRecord(name, logging.WARNING, "f.py", 1, message, (), None, extra=extra)
    logs.ContextFilter().filter(made)
    return made


def test_a_line_is_json_with_the_request_id_and_the_extras() -> None:
    token = correlation.request_id.set("r-1")
    try:
        line = json.loads(logs.formatter("json").format(record(outcome="ok", ms=1.5)))
    finally:
        correlation.request_id.reset(token)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "feeds",
        "request_id": "r-1",
        "message": "it happened",
        "outcome": "ok",
        "ms": 1.5,
    }


def test_a_line_break_in_a_message_does_not_break_the_line() -> None:
    assert "\n" not in logs.formatter("json").format(record(message="a\nb", extra="c\nd"))


def test_an_exception_is_a_field() -> None:
    made = record()
    try:
        dict[str, str]()["x"]
    except KeyError:
        made.exc_info = sys.exc_info()
    assert "KeyError" in json.loads(logs.formatter("json").format(made))["exception"]


def test_what_json_does_not_know_becomes_text() -> None:
    assert json.loads(logs.formatter("json").format(record(thing={1})))["thing"] == "{1}"


def test_the_line_for_eyes_has_the_same_facts() -> None:
    line = logs.formatter("text").format(record(outcome="ok"))
    assert "[-] feeds: it happened outcome=ok" in line


@pytest.mark.parametrize("name", ["kombu.mixins", "kombu.message"])
def test_kombus_dumps_of_bodies_are_dropped(name: str) -> None:
    dump = record(name, "Can't decode message body: %r (type:%r encoding:%r raw:%r')")
    assert not logs.QuietFilter().filter(dump)


def test_nameko_need_not_repeat_refusals_that_were_answered() -> None:
    assert not logs.QuietFilter().filter(record("nameko.containers", "(expected) error handling worker %s: %s"))


def test_everything_else_is_kept() -> None:
    for name, message in [("kombu", "Connection lost"), ("nameko.containers", "error handling"), ("feeds", "decode")]:
        assert logs.QuietFilter().filter(record(name, message))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("POST /unsubscribe/5f0c2a4e/ 204", "POST /unsubscribe/*** 204"),
        ("Error handling request /api/unsubscribe/5f0c2a4e?channel=email", "/api/unsubscribe/***"),
        ("Invalid Request Line 'GET //unsubscribe//5f0c2a4e'", "'GET //unsubscribe//***'"),
        ("'/vendor/reports/5f0c2a4e/', '/unsubscribe/5f0c2a4e'", "'/vendor/reports/***', '/unsubscribe/***'"),
    ],
)
def test_what_is_secret_in_a_path_is_not_written_down(said: str, kept: str) -> None:
    discreet = logs.RedactingFilter(["unsubscribe", "vendor/reports"])
    whole, passed = record(message=said), record(message="%s")
    passed.args = (said,)
    for one in (whole, passed):
        assert discreet.filter(one)
        assert kept in one.getMessage()
        assert "5f0c2a4e" not in json.dumps(vars(one), default=str)


def test_other_paths_are_written_as_they_are() -> None:
    made = record(message="GET /post-detail/5f0c2a4e/ 200")
    assert logs.RedactingFilter(["unsubscribe"]).filter(made)
    assert made.getMessage() == "GET /post-detail/5f0c2a4e/ 200"
