import pytest

from chassis.amqp.message_context import parse, parse_request_key
from chassis.errors import Invalid


def test_only_known_headers_are_parsed() -> None:
    headers = {"nameko.auth_token": "t", "nameko.request_id": "r", "nameko.caller": "admin", "x-death": [1], "other": 1}
    assert parse(headers) == {"auth_token": "t", "request_id": "r"}


def test_message_without_headers_has_an_empty_context() -> None:
    assert parse(None) == {}
    assert parse({}) == {}


@pytest.mark.parametrize("value", [None, 7, ["r"], {"r": 1}, b"r", "r" * 5000, "a\nb", "\0", "\ud800"])
def test_malformed_header_is_ignored(value: object) -> None:
    assert parse({"nameko.request_id": value, "nameko.auth_token": value}) == {}


def test_request_id_is_at_most_as_long_as_its_column() -> None:
    assert parse({"nameko.request_id": "r" * 101}) == {}
    assert parse({"nameko.request_id": "r" * 100})


@pytest.mark.parametrize("stack", ["a.b.1", 7, [1], [None], {"a": 1}, ["\ud800"]])
def test_malformed_call_stack_is_ignored(stack: object) -> None:
    assert parse({"nameko.call_id_stack": stack}) == {}


def test_valid_call_stack_is_parsed() -> None:
    assert parse({"nameko.call_id_stack": ["a.b.1"]}) == {"call_id_stack": ["a.b.1"]}


@pytest.mark.parametrize("key", ["k" * 241, "a\nb", 7])
def test_malformed_idempotency_key_is_rejected_and_not_ignored(key: object) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        parse_request_key({"nameko.request_key": key})


def test_valid_idempotency_key_is_parsed() -> None:
    assert parse_request_key({}) == {}
    assert parse_request_key({"nameko.request_key": "k" * 240}) == {"request_key": "k" * 240}
