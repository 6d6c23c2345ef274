"""The webhook of Africa's Talking."""

from typing import Any

import pytest

from chassis.contract import Message
from chassis.errors import Invalid
from gateway.http.webhooks import WebhookSecret, receive

SECRET = "k3Jx9mQ2vT7bW4zR"
WRONG_SECRETS = (SECRET[:-1] + "S", SECRET[:-1], SECRET + "9", SECRET + "/more", SECRET[:-1] + "\xe9")
REPORT = {"id": "ATXid_1", "status": "Success", "phoneNumber": "+254711000001", "networkCode": "63902"}
OPT_OUT = {"senderId": "BARAZA", "phoneNumber": "+254711000001"}


class FakeRpc:
    """Records calls, and raises an error if it has one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._error = error

    def call_as_gateway(self, target: str, request: Message, _reply: type[Message]) -> None:
        self.calls.append((target, request.model_dump()))
        if self._error:
            raise self._error


def forwarded(form: dict[str, str]) -> tuple[str, dict[str, Any]]:
    rpc: Any = FakeRpc()
    receive(rpc, form)
    ((target, arguments),) = rpc.calls
    return str(target), dict(arguments)


@pytest.mark.parametrize(
    ("secret", "path", "recognised"),
    [
        (SECRET, f"/callbacks/africastalking/{SECRET}/", True),
        (SECRET, f"/callbacks/africastalking/{SECRET}", True),
        *((SECRET, f"/callbacks/africastalking/{wrong}/", False) for wrong in WRONG_SECRETS),
        (SECRET, "/callbacks/africastalking/", False),
        (SECRET, f"/callbacks/other/{SECRET}/", False),
        *((SECRET, path, False) for path in (f"/{SECRET}/", SECRET, "/all-posts/")),
        ("", "/callbacks/africastalking/", False),
        ("", "/callbacks/africastalking//", False),
    ],
)
def test_only_the_path_with_the_configured_secret_is_recognised(secret: str, path: str, *, recognised: bool) -> None:
    assert WebhookSecret(secret).in_path(path) is recognised


def test_unset_secret_matches_nothing() -> None:
    assert not WebhookSecret("").matches("")


def test_report_needs_neither_number_nor_reason() -> None:
    _, report = forwarded({"id": "ATXid_1", "status": "Success", "failureReason": ""})
    assert (report["phone"], report["reason"]) == (None, None)


@pytest.mark.parametrize("number", [" 254711000001", "254711000001", "+254711000001"])
def test_plus_that_the_form_encoding_lost_is_restored(number: str) -> None:
    assert forwarded(OPT_OUT | {"phoneNumber": number})[1]["phone"] == "+254711000001"


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({}, ["id", "status"]),
        (REPORT | {"id": ""}, ["id"]),
        (REPORT | {"id": "x" * 101}, ["id"]),
        (REPORT | {"status": "nul\0"}, ["status"]),
        (REPORT | {"phoneNumber": "0711"}, ["phoneNumber"]),
        (REPORT | {"failureReason": "x" * 201}, ["failureReason"]),
        ({"senderId": "BARAZA"}, ["phoneNumber"]),
        (OPT_OUT | {"phoneNumber": "none"}, ["phoneNumber"]),
        (OPT_OUT | {"senderId": ""}, ["senderId"]),
    ],
)
def test_invalid_form_is_rejected_with_the_vendors_field_names(form: dict[str, str], fields: list[str]) -> None:
    rpc: Any = FakeRpc()
    with pytest.raises(Invalid) as raised:
        receive(rpc, form)
    assert [error["field"] for error in raised.value.errors] == fields
    assert rpc.calls == []
