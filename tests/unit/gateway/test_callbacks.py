"""What Africa's Talking posts to us, and how it is let in."""

from typing import Any

import pytest

from chassis.contract import Message
from chassis.errors import DeadlineExceeded, Invalid, Unavailable
from gateway.http.webhooks import Callbacks, receive

SECRET = "k3Jx9mQ2vT7bW4zR"
REPORT = {"id": "ATXid_1", "status": "Success", "phoneNumber": "+254711000001", "networkCode": "63902"}
STOP = {"senderId": "BARAZA", "phoneNumber": "+254711000001"}


class Line:
    """Stands where the RPC client does, and remembers what went through."""

    def __init__(self, error: Exception | None = None) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._error = error

    def ask(self, target: str, request: Message, _reply: type[Message]) -> None:
        self.said.append((target, request.model_dump()))
        if self._error:
            raise self._error


def said(form: dict[str, str]) -> tuple[str, dict[str, Any]]:
    line: Any = Line()
    receive(line, form)
    (one,) = line.said
    return str(one[0]), dict(one[1])


@pytest.mark.parametrize(
    "path", ["/callbacks/africastalking/k3Jx9mQ2vT7bW4zR/", "/callbacks/africastalking/k3Jx9mQ2vT7bW4zR"]
)
def test_a_path_with_the_secret_leads_to_us(path: str) -> None:
    assert Callbacks(SECRET).lead_to(path)


@pytest.mark.parametrize(
    "path",
    [
        "/callbacks/africastalking/k3Jx9mQ2vT7bW4zS/",
        "/callbacks/africastalking/k3Jx9mQ2vT7bW4z/",
        "/callbacks/africastalking/k3Jx9mQ2vT7bW4zR9/",
        "/callbacks/africastalking/k3Jx9mQ2vT7bW4zR/more/",
        "/callbacks/africastalking/",
        "/callbacks/africastalking/k3Jx9mQ2vT7bW4z\xe9/",
        "/callbacks/other/k3Jx9mQ2vT7bW4zR/",
        "/k3Jx9mQ2vT7bW4zR/",
        "k3Jx9mQ2vT7bW4zR",
        "/all-posts/",
    ],
)
def test_no_other_path_does(path: str) -> None:
    assert not Callbacks(SECRET).lead_to(path)


@pytest.mark.parametrize("path", ["/callbacks/africastalking/", "/callbacks/africastalking//"])
def test_without_a_secret_nothing_leads_to_us(path: str) -> None:
    assert not Callbacks("").lead_to(path)
    assert not Callbacks("").know("")


@pytest.mark.parametrize("secret", ["short", "with/a/slash/in/it/", "é" * 20, " " * 20])
def test_a_secret_that_is_weak_or_no_part_of_a_path_stops_the_start(secret: str) -> None:
    with pytest.raises(SystemExit, match="AFRICASTALKING_CALLBACK_SECRET"):
        Callbacks(secret)


def test_a_report_is_passed_on_to_notifications() -> None:
    assert said(REPORT | {"status": "Failed", "failureReason": "AbsentSubscriber", "retryCount": "2"}) == (
        "notifications.delivery_report",
        {"provider_id": "ATXid_1", "status": "Failed", "reason": "AbsentSubscriber", "phone": "+254711000001"},
    )


def test_a_report_needs_neither_number_nor_reason() -> None:
    _, report = said({"id": "ATXid_1", "status": "Success", "failureReason": ""})
    assert (report["phone"], report["reason"]) == (None, None)


def test_an_opt_out_is_passed_on_to_users() -> None:
    assert said(STOP) == ("users.opt_out", {"phone": "+254711000001", "channel": "sms"})


@pytest.mark.parametrize("number", [" 254711000001", "254711000001", "+254711000001"])
def test_a_plus_that_a_form_has_made_a_space_is_put_back(number: str) -> None:
    assert said(STOP | {"phoneNumber": number})[1]["phone"] == "+254711000001"


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
        (STOP | {"phoneNumber": "nobody"}, ["phoneNumber"]),
        (STOP | {"senderId": ""}, ["senderId"]),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_by_the_vendors_field(form: dict[str, str], fields: list[str]) -> None:
    line: Any = Line()
    with pytest.raises(Invalid) as refusal:
        receive(line, form)
    assert [error["field"] for error in refusal.value.errors] == fields
    assert line.said == []


@pytest.mark.parametrize("error", [Unavailable("away"), DeadlineExceeded("late")])
def test_what_was_not_stored_is_asked_for_again(error: Exception) -> None:
    line: Any = Line(error)
    with pytest.raises(Unavailable):
        receive(line, REPORT)
