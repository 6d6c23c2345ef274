import json
import logging
import sys

import pytest

from chassis.observability import correlation, logs


def record(name: str = "orders", message: str = "it happened", **extra: object) -> logging.LogRecord:
    entry = logging.getLogger(name).makeRecord(name, logging.WARNING, "f.py", 1, message, (), None, extra=extra)
    logs.ContextFilter().filter(entry)
    return entry


def test_json_line_has_the_request_id_and_the_extra_fields() -> None:
    token = correlation.request_id.set("r-1")
    try:
        line = json.loads(logs.formatter("json").format(record(outcome="ok", ms=1.5)))
    finally:
        correlation.request_id.reset(token)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "orders",
        "request_id": "r-1",
        "message": "it happened",
        "outcome": "ok",
        "ms": 1.5,
    }


def test_line_break_in_a_message_does_not_break_the_line() -> None:
    assert "\n" not in logs.formatter("json").format(record(message="a\nb", extra="c\nd"))


def test_exception_is_a_field_of_the_json_line() -> None:
    entry = record()
    try:
        dict[str, str]()["x"]
    except KeyError:
        entry.exc_info = sys.exc_info()
    assert "KeyError" in json.loads(logs.formatter("json").format(entry))["exception"]


def test_value_that_json_cannot_encode_becomes_text() -> None:
    assert json.loads(logs.formatter("json").format(record(value={1})))["value"] == "{1}"


def test_text_line_has_the_same_fields() -> None:
    line = logs.formatter("text").format(record(outcome="ok"))
    assert "[-] orders: it happened outcome=ok" in line


@pytest.mark.parametrize("name", ["kombu.mixins", "kombu.message"])
def test_kombus_dumps_of_bodies_are_dropped(name: str) -> None:
    dump = record(name, "Can't decode message body: %r (type:%r encoding:%r raw:%r')")
    assert not logs.QuietFilter().filter(dump)


def test_namekos_logs_of_expected_errors_are_dropped() -> None:
    assert not logs.QuietFilter().filter(record("nameko.containers", "(expected) error handling worker %s: %s"))


def test_other_records_are_not_dropped() -> None:
    for name, message in [("kombu", "Connection lost"), ("nameko.containers", "error handling"), ("orders", "decode")]:
        assert logs.QuietFilter().filter(record(name, message))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("POST /unsubscribe/5f0c2a4e/ 204", "POST /unsubscribe/*** 204"),
        ("Error handling request /api/unsubscribe/5f0c2a4e?channel=email", "/api/unsubscribe/***"),
        ("Invalid Request Line 'GET //unsubscribe//5f0c2a4e'", "'GET //unsubscribe//***'"),
        ("'/vendor/reports/5f0c2a4e/', '/unsubscribe/5f0c2a4e'", "'/vendor/reports/***', '/unsubscribe/***'"),
    ],
)
def test_secret_in_a_path_is_redacted(message: str, expected: str) -> None:
    redact = logs.RedactingFilter(["unsubscribe", "vendor/reports"])
    formatted, unformatted = record(message=message), record(message="%s")
    unformatted.args = (message,)
    for each in (formatted, unformatted):
        assert redact.filter(each)
        assert expected in each.getMessage()
        assert "5f0c2a4e" not in json.dumps(vars(each), default=str)


def test_other_paths_are_not_redacted() -> None:
    entry = record(message="GET /post-detail/5f0c2a4e/ 200")
    assert logs.RedactingFilter(["unsubscribe"]).filter(entry)
    assert entry.getMessage() == "GET /post-detail/5f0c2a4e/ 200"
