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


def test_lines_without_a_time_belong_to_the_entry_of_their_own_container() -> None:
    text = "users_1  | 2026-11-25 02:56:18,700 ERROR   [r-2] gateway.problems: unexpected error\n"
    traceback = "users_1  | Traceback (most recent call last):"
    log = f"queues_1 | evt-users\n{JSON}queues_1 | retry.1.evt-users\n{text}feeds_1   | more\n{traceback}\n"
    assert [entry for _, entry in entries(log)] == [f"{JSON}feeds_1   | more", f"{text}{traceback}"]


def test_request_log_without_an_id_says_which_id_it_needs() -> None:
    with pytest.raises(DevError, match="make request-log id="):
        request_log()
