"""The story of a request, out of logs in either format."""

from docker.dev.story import Entry, entries

TEXT = """\
2026-11-25 02:56:18,681 INFO    [r-1] chassis.rpc: feeds.create outcome=ok ms=14.4 caller=gateway
2026-11-25 02:56:18,700 ERROR   [r-2] gateway.problems: unexpected error
Traceback (most recent call last):
  ZeroDivisionError: division by zero
2026-11-25 02:56:18,800 INFO    [-] __main__: stopping
"""
JSON = """\
feeds_1   | {"time": "2026-11-25T02:56:18.681+00:00", "level": "info", "logger": "chassis.rpc", "request_id": "r-1", \
"message": "feeds.create", "outcome": "ok", "ms": 14.4, "caller": "gateway"}
feeds_1   | {"half a line
"""


def test_lines_of_text_are_read_and_a_traceback_belongs_to_its_entry() -> None:
    first, second, last = entries("feeds.service", TEXT.splitlines())
    line = "chassis.rpc: feeds.create outcome=ok ms=14.4 caller=gateway"
    assert first == Entry("2026-11-25 02:56:18.681", "feeds.service", "info", "r-1", line)
    assert (second.request_id, second.text.splitlines()[-1]) == ("r-2", "  ZeroDivisionError: division by zero")
    assert last.request_id == "-"


def test_json_as_compose_prints_it_is_read_with_the_process_before_it() -> None:
    (entry,) = entries("-", JSON.replace("\\\n", "").splitlines()[:1])
    line = "chassis.rpc: feeds.create outcome=ok ms=14.4 caller=gateway"
    assert entry == Entry("2026-11-25 02:56:18.681", "feeds_1", "info", "r-1", line)
