"""SMS from end to end: sent, reported, stopped; and the address that Africa's Talking calls."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.metrics import metrics
from tests.e2e.support.person import Person, problem
from tests.e2e.support.vendors import TIMEOUT, texts_to

NewUser = Callable[..., Person]
FORM = "application/x-www-form-urlencoded"
REPORT = {"id": "ATXid_unknown", "status": "Success", "phoneNumber": "+254711000001", "networkCode": "63902"}


@pytest.fixture
def reader(new_user: NewUser) -> Person:
    return new_user(phone=f"+254712{secrets.randbelow(10**6):06d}", notify_by=["realtime", "sms"])


@pytest.fixture
def callback(platform: Instance) -> str:
    return f"/callbacks/africastalking/{platform.environment['AFRICASTALKING_CALLBACK_SECRET']}/"


def phone(person: Person) -> str:
    return str(person.account["phone"])


def delivery_of(reader: Person, message: str) -> Mapping[str, Any]:
    """Return the SMS delivery of the reader's notification; empty while there is none."""
    found = [item["id"] for item in reader.inbox()["items"] if item["message"] == message]
    detail = reader.get(f"/notifications/detail/{found[0]}/").json() if found else {"deliveries": []}
    return next((one for one in detail["deliveries"] if one["channel"] == "sms"), {})


def test_recipient_sees_that_an_sms_was_delivered(new_user: NewUser, reader: Person, platform: Instance) -> None:
    new_user().writes("Did you get it?")
    until(lambda: delivery_of(reader, "Did you get it?").get("status") == "delivered", "the report", 30)
    (sms,) = texts_to(platform.environment, phone(reader))
    assert sms["report"] == "Success"


def test_recipient_sees_why_an_sms_was_not_delivered(new_user: NewUser, reader: Person, platform: Instance) -> None:
    script = {"report": {"status": "Failed", "reason": "AbsentSubscriber", "early": True}, "to": phone(reader)}
    requests.post(f"{platform.environment['BARAZA_SMS']}/faults", json=script, timeout=TIMEOUT).raise_for_status()
    new_user().writes("Where are you?")
    until(lambda: delivery_of(reader, "Where are you?").get("status") == "failed", "the report", 30)
    assert delivery_of(reader, "Where are you?")["last_error"] == "Failed: AbsentSubscriber"


def test_user_who_opted_out_by_phone_gets_no_more_sms(new_user: NewUser, reader: Person, platform: Instance) -> None:
    author, witness = new_user(), new_user(phone=f"+254713{secrets.randbelow(10**6):06d}", notify_by=["sms"])
    stop = {"phoneNumber": phone(reader)}
    answer = requests.post(f"{platform.environment['BARAZA_SMS']}/opt-out", stop, timeout=TIMEOUT)
    assert answer.text == "the customer answered 204"
    assert reader.get(f"/users/detail/{reader.id}/").json()["notify_by"] == ["realtime"]
    author.writes("Who still listens?")
    until(lambda: bool(texts_to(platform.environment, phone(witness))), "the SMS to the other user", 30)
    until(lambda: bool(reader.inbox()["items"]), "the inbox", 10)
    assert delivery_of(reader, "Who still listens?") == {}
    assert texts_to(platform.environment, phone(reader)) == []


def test_delivery_reports_are_not_rate_limited_but_forged_ones_are(visitor: NewUser, callback: str) -> None:
    vendor = visitor()
    for _ in range(120):
        reply = vendor.ask("POST", callback, data=REPORT)
        assert (reply.status_code, reply.content) == (204, b"")
    forger = visitor()
    forged = [forger.ask("POST", "/callbacks/africastalking/wrong/", data=REPORT).status_code for _ in range(101)]
    assert forged == [404] * 100 + [429]
    assert vendor.get("/all-posts/").headers["X-RateLimit-Remaining"] == "99"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_webhook_with_a_wrong_secret_is_not_found(visitor: NewUser, method: str) -> None:
    person = visitor()
    wrong, nowhere = (person.ask(method, path) for path in ("/callbacks/africastalking/wrong/", "/no/such/path/"))
    documents = [problem(reply, 404) | {"request_id": ""} for reply in (wrong, nowhere)]
    assert documents[0] == documents[1]


def test_invalid_webhook_form_is_rejected_by_field(visitor: NewUser, callback: str) -> None:
    vendor = visitor()
    rejected = problem(vendor.ask("POST", callback, data=REPORT | {"phoneNumber": "not-a-number"}), 422)
    assert [error["field"] for error in rejected["errors"]] == ["phoneNumber"]
    assert problem(vendor.post(callback, REPORT), 415)  # as JSON
    assert problem(vendor.ask("POST", callback, data={"id": "x" * 2_000_000}), 413)
    assert problem(vendor.ask("POST", callback, data=b"id=\xff", headers={"Content-Type": FORM}), 400)
    assert problem(vendor.get(callback), 405)


def test_report_that_cannot_be_stored_is_a_503(platform: Instance, visitor: NewUser, callback: str) -> None:
    platform.control.stop("notifications.service")
    try:
        assert problem(visitor().ask("POST", callback, data=REPORT), 503)
    finally:
        platform.control.start("notifications.service")
    vendor = visitor()
    until(lambda: vendor.ask("POST", callback, data=REPORT).status_code == 204, "notifications to be back", 30)


def test_webhook_secret_is_in_no_log_and_no_metric(platform: Instance, visitor: NewUser, callback: str) -> None:
    secret = platform.environment["AFRICASTALKING_CALLBACK_SECRET"]
    person = visitor()
    for path in (callback, callback.rstrip("/"), f"/{callback}", f"{callback}more/"):
        person.ask("POST", path, data=REPORT | {"status": ""}, allow_redirects=False)
        person.get(path, allow_redirects=False)
    logs = list((platform.directory / "log").iterdir())
    assert logs
    assert not [log.name for log in logs if secret in log.read_text(errors="replace")]
    measured = metrics(platform.environment)
    assert 'route="africastalking"' in measured
    assert secret not in measured
