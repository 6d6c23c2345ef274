import pytest

from dev import DevError
from dev.commands.request_log import entries, request_log

TEXT = """\
2026-11-25 02:56:18,681 INFO    [r-1] chassis.rpc: feeds.create outcome=ok ms=14.4 caller=gateway
2026-11-25 02:56:18,700 ERROR   [r-2] gateway.problems: unexpected error
Traceback (most recent call last):
  ZeroDivisionError: division by zero
"""
JSON = 'feeds_1   | {"time": "2026-11-25T02:56:18.681+00:00", "level": "info", "request_id": "r-1", "message": "ok"}\n'


def test_traceback_belongs_to_the_entry_before_it() -> None:
    first, second = entries(f"half an entry\n{TEXT}")
    assert first == ("2026-11-25 02:56:18.681", TEXT.splitlines()[0])
    assert second == ("2026-11-25 02:56:18.700", TEXT.partition("\n")[2].rstrip())


def test_json_entries_of_compose_are_read() -> None:
    assert [*entries(JSON)] == [("2026-11-25 02:56:18.681", JSON.rstrip())]


def test_request_log_without_an_id_explains_its_use() -> None:
    with pytest.raises(DevError, match="make request-log id="):
        request_log("")
