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
        text = logs.formatter("json").format(record(message="a\nb", outcome="c\nd", ms=1.5, value={1}))
    finally:
        correlation.request_id.reset(token)
    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    fields = {"outcome": "c\nd", "ms": 1.5, "value": "{1}"}
    assert line == {"level": "warning", "logger": "orders", "request_id": "r-1", "message": "a\nb"} | fields


def test_exception_is_a_field_of_the_json_line() -> None:
    entry = record()
    try:
        dict[str, str]()["x"]
    except KeyError:
        entry.exc_info = sys.exc_info()
    assert "KeyError" in json.loads(logs.formatter("json").format(entry))["exception"]


def test_text_line_has_the_same_fields() -> None:
    line = logs.formatter("text").format(record(outcome="ok"))
    assert "[-] orders: it happened outcome=ok" in line


@pytest.mark.parametrize(
    ("name", "message", "kept"),
    [
        ("kombu.mixins", "Can't decode message body: %r (type:%r encoding:%r raw:%r')", False),
        ("kombu.message", "Can't decode message body: %r (type:%r encoding:%r raw:%r')", False),
        ("nameko.containers", "(expected) error handling worker %s: %s", False),
        ("nameko.containers", "error handling", True),
        ("kombu", "Connection lost", True),
        ("orders", "decode", True),
    ],
)
def test_only_dumps_of_bodies_and_expected_errors_are_dropped(name: str, message: str, *, kept: bool) -> None:
    assert logs.QuietFilter().filter(record(name, message)) is kept


def test_lost_broker_connection_is_one_line_without_a_traceback() -> None:
    lost = record("kombu.mixins", "Connection to broker lost, trying to re-establish connection...")
    lost.exc_info = (ConnectionResetError, ConnectionResetError(), None)
    assert logs.LostBrokerFilter().filter(lost)
    assert logs.formatter("text").format(lost).endswith("re-establish connection... ConnectionResetError")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("GET /post-detail/5f0c/ 200", "GET /post-detail/5f0c/ 200"),
        ("POST /unsubscribe/5f0c2a4e/ 204", "POST /unsubscribe/*** 204"),
        ("Error handling request /api/unsubscribe/5f0c2a4e?channel=email", "/api/unsubscribe/***"),
        ("Invalid Request Line 'GET //unsubscribe//5f0c2a4e'", "'GET //unsubscribe//***'"),
        ("'/vendor/reports/5f0c2a4e/', '/unsubscribe/5f0c2a4e'", "'/vendor/reports/***', '/unsubscribe/***'"),
    ],
)
def test_only_the_secret_in_a_path_is_redacted(message: str, expected: str) -> None:
    redact = logs.RedactingFilter(["unsubscribe", "vendor/reports"])
    formatted, unformatted = record(message=message), record(message="%s")
    unformatted.args = (message,)
    for each in (formatted, unformatted):
        assert redact.filter(each)
        assert expected in each.getMessage()
        assert "5f0c2a4e" not in json.dumps(vars(each), default=str)
