import pytest

from chassis.amqp.message_context import incoming, request_key
from chassis.errors import Invalid


def test_known_headers_are_taken_and_all_others_left() -> None:
    headers = {"nameko.auth_token": "t", "nameko.request_id": "r", "nameko.caller": "admin", "x-death": [1], "other": 1}
    assert incoming(headers) == {"auth_token": "t", "request_id": "r"}


def test_no_headers_are_no_reason_to_fail() -> None:
    assert incoming(None) == {}
    assert incoming({}) == {}


@pytest.mark.parametrize("value", [None, 7, ["r"], {"r": 1}, b"r", "r" * 5000, "a\nb", "\0", "\ud800"])
def test_a_header_of_the_wrong_shape_is_left_out(value: object) -> None:
    assert incoming({"nameko.request_id": value, "nameko.auth_token": value}) == {}


def test_a_request_id_fits_its_column() -> None:
    assert incoming({"nameko.request_id": "r" * 101}) == {}
    assert incoming({"nameko.request_id": "r" * 100})


@pytest.mark.parametrize("stack", ["a.b.1", 7, [1], [None], {"a": 1}, ["\ud800"]])
def test_a_poisonous_call_stack_is_left_out(stack: object) -> None:
    assert incoming({"nameko.call_id_stack": stack}) == {}


def test_a_call_stack_goes_on() -> None:
    assert incoming({"nameko.call_id_stack": ["a.b.1"]}) == {"call_id_stack": ["a.b.1"]}


@pytest.mark.parametrize("key", ["k" * 241, "a\nb", 7])
def test_a_request_key_that_cannot_be_kept_is_refused_and_not_ignored(key: object) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        request_key({"nameko.request_key": key})


def test_a_request_key_is_taken_to_the_letter() -> None:
    assert request_key({}) == {}
    assert request_key({"nameko.request_key": "k" * 240}) == {"request_key": "k" * 240}
