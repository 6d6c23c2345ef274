import pytest

from chassis.amqp.message_context import parse, parse_request_key


def test_only_known_headers_are_parsed() -> None:
    headers = {"nameko.auth_token": "t", "nameko.request_id": "r", "nameko.call_id_stack": ["a.b.1"]}
    assert parse(headers | {"nameko.caller": "admin", "x-death": [1], "other": 1}) == {
        "auth_token": "t",
        "request_id": "r",
        "call_id_stack": ["a.b.1"],
    }
    assert parse(None) == parse({}) == {}


@pytest.mark.parametrize("value", [None, 7, ["r"], {"r": 1}, b"r", "r" * 5000, "a\nb", "\0", "\ud800"])
def test_malformed_header_is_ignored(value: object) -> None:
    assert parse({"nameko.request_id": value, "nameko.auth_token": value}) == {}


@pytest.mark.parametrize(("length", "valid"), [(100, True), (101, False)])
def test_request_id_is_at_most_as_long_as_its_column(length: int, *, valid: bool) -> None:
    assert bool(parse({"nameko.request_id": "r" * length})) is valid


def test_valid_idempotency_key_is_parsed() -> None:
    assert parse_request_key({}) == {}
    assert parse_request_key({"nameko.request_key": "k" * 240}) == {"request_key": "k" * 240}
