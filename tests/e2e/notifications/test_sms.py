"""SMS: delivery reports, opt-out by SMS, and the webhook that Africa's Talking calls."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from dev.fakes.sms.rules import reachable_number
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.fakes import TIMEOUT, fail_sms, sms_to
from tests.e2e.support.logs import logs_with
from tests.e2e.support.metrics import gateway_metrics
from tests.e2e.support.responses import check_problem, invalid_fields

FORM = "application/x-www-form-urlencoded"
REPORT = {"id": "ATXid_unknown", "status": "Success", "phoneNumber": "+254711000001", "networkCode": "63902"}


@pytest.fixture
def reader(new_user: NewClient) -> Client:
    return new_user(phone=reachable_number(), notify_by=["realtime", "sms"])


@pytest.fixture
def webhook(platform: Instance) -> str:
    """Return the path that Africa's Talking calls; it contains a secret."""
    return f"/callbacks/africastalking/{platform.environment['AFRICASTALKING_CALLBACK_SECRET']}/"


def phone(user: Client) -> str:
    return str(user.account["phone"])


def sms_delivery(reader: Client, message: str) -> Mapping[str, Any]:
    """Return the SMS delivery of the notification with this message; an empty one while there is none."""
    ids = [item["id"] for item in reader.inbox()["items"] if item["message"] == message]
    detail = reader.get(f"/notifications/detail/{ids[0]}/").json() if ids else {"deliveries": []}
    return next((delivery for delivery in detail["deliveries"] if delivery["channel"] == "sms"), {})


def test_recipient_sees_that_an_sms_was_delivered(new_user: NewClient, reader: Client, platform: Instance) -> None:
    new_user().create_post("Did you get it?")
    until(lambda: sms_delivery(reader, "Did you get it?").get("status") == "delivered", "the report", 30)

    def accepted_reports() -> list[str | None]:
        """Return the reports of the SMS; the simulator stores a report after its request was answered."""
        return [sms["report"] for sms in sms_to(platform.environment, phone(reader))]

    until(lambda: accepted_reports() == ["Success"], "the report to be accepted", 30)


def test_recipient_sees_why_an_sms_was_not_delivered(new_user: NewClient, reader: Client, platform: Instance) -> None:
    fail_sms(platform.environment, phone(reader))
    new_user().create_post("Where are you?")
    until(lambda: sms_delivery(reader, "Where are you?").get("status") == "failed", "the report", 30)
    assert sms_delivery(reader, "Where are you?")["last_error"] == "Failed: AbsentSubscriber"


def test_user_who_opted_out_by_phone_gets_no_more_sms(new_user: NewClient, reader: Client, platform: Instance) -> None:
    author, other = new_user(), new_user(phone=reachable_number(), notify_by=["sms"])
    opt_out = requests.post(
        f"{platform.environment['BARAZA_SMS']}/opt-out", {"phoneNumber": phone(reader)}, timeout=TIMEOUT
    )
    assert opt_out.text == "the customer answered 204"
    assert reader.get(f"/users/detail/{reader.id}/").json()["notify_by"] == ["realtime"]
    author.create_post("after the opt-out")
    until(lambda: bool(sms_to(platform.environment, phone(other))), "the SMS to another user", 30)
    until(lambda: bool(reader.inbox()["items"]), "the inbox", 30)
    assert sms_delivery(reader, "after the opt-out") == {}
    assert sms_to(platform.environment, phone(reader)) == []


def test_delivery_reports_are_not_rate_limited_but_forged_ones_are(new_client: NewClient, webhook: str) -> None:
    provider = new_client()
    for _ in range(120):
        response = provider.request("POST", webhook, data=REPORT)
        assert (response.status_code, response.content) == (204, b"")
    attacker = new_client()
    forged = "/callbacks/africastalking/wrong/"
    statuses = [attacker.request("POST", forged, data=REPORT).status_code for _ in range(101)]
    assert statuses == [404] * 100 + [429]
    assert provider.get("/all-posts/").headers["X-RateLimit-Remaining"] == "99"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_webhook_with_a_wrong_secret_is_not_found(new_client: NewClient, method: str) -> None:
    client = new_client()
    paths = ("/callbacks/africastalking/wrong/", "/no/such/path/")
    documents = [check_problem(client.request(method, path), 404) | {"request_id": ""} for path in paths]
    assert documents[0] == documents[1]


def test_invalid_webhook_form_is_rejected_by_field(new_client: NewClient, webhook: str) -> None:
    client = new_client()
    invalid = client.request("POST", webhook, data=REPORT | {"phoneNumber": "not-a-number"})
    assert invalid_fields(invalid) == ["phoneNumber"]
    assert check_problem(client.post(webhook, REPORT), 415)  # JSON
    assert check_problem(client.request("POST", webhook, data={"id": "x" * 2_000_000}), 413)
    assert check_problem(client.request("POST", webhook, data=b"id=\xff", headers={"Content-Type": FORM}), 400)
    assert check_problem(client.get(webhook), 405)


def test_report_that_cannot_be_stored_is_a_503(platform: Instance, new_client: NewClient, webhook: str) -> None:
    """Africa's Talking sends it again."""
    client = new_client()
    platform.control.pause("notifications.service")
    try:
        assert check_problem(client.request("POST", webhook, data=REPORT), 503)
    finally:
        platform.control.resume("notifications.service")
    until(lambda: client.request("POST", webhook, data=REPORT).status_code == 204, "notifications to respond", 30)


def test_webhook_secret_is_in_no_log_and_no_metric(platform: Instance, new_client: NewClient, webhook: str) -> None:
    secret = platform.environment["AFRICASTALKING_CALLBACK_SECRET"]
    client = new_client()
    for path in (webhook, webhook.rstrip("/"), f"/{webhook}", f"{webhook}more/"):
        client.request("POST", path, data=REPORT | {"status": ""}, allow_redirects=False)
        last = client.get(path, allow_redirects=False)
    assert secret not in logs_with(platform, last)
    metrics = gateway_metrics(platform.environment)
    assert 'route="africastalking"' in metrics
    assert secret not in metrics
