"""SMS to an HTTP server that behaves like Africa's Talking."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from notifications.channels.sms import account
from tests.integration.conftest import Until
from tests.integration.notifications.channels.endless_server import endless_server
from tests.integration.notifications.support import CreateDeliveries, Deliver, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer

PHONE = "+254711000001"
INFINITE = {"number": PHONE, "statusCode": float("inf"), "status": "Success"}

pytestmark = pytest.mark.usefixtures("sms")


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada", "sms", phone=PHONE)


@pytest.fixture
def ben(accounts: Accounts) -> str:
    return accounts.add("ben", "sms", phone="+254711000002")


def test_same_text_to_several_users_is_one_request(ada: str, ben: str, deliver: Deliver, sms: FakeServer) -> None:
    deliveries = deliver("sms", ada, ben, title="Tea", message="Chai?")
    assert values(deliveries, "status") == ["sent", "sent"]
    sent = sms.received()
    assert [(message["number"], message["text"]) for message in sent] == [
        (PHONE, "Baraza: Tea: Chai?"),
        ("+254711000002", "Baraza: Tea: Chai?"),
    ]
    assert values(deliveries, "provider_id") == [message["messageId"] for message in sent]


def test_users_with_the_same_number_get_one_sms(accounts: Accounts, deliver: Deliver, sms: FakeServer) -> None:
    users = [accounts.add(name, "sms", phone=PHONE) for name in ("ada", "ben")]
    assert values(deliver("sms", *users), "status") == ["sent", "sent"]
    assert len(sms.received()) == 1


def test_each_number_of_a_request_has_its_own_result(accounts: Accounts, deliver: Deliver, sms: FakeServer) -> None:
    # The simulator takes the status code from the last four digits.
    expected = {
        "000001": ("sent", 1, None),
        "000403": ("failed", 1, "403 InvalidPhoneNumber"),
        "000501": ("failed", 3, "501 GatewayError"),
        "000102": ("sent", 1, None),
        "000406": ("failed", 1, "406 UserInBlacklist"),
        "000409": ("failed", 1, "409 DoNotDisturbRejection"),
    }
    users = [accounts.add(f"user{end}", "sms", phone=f"+254711{end}") for end in expected]
    assert values(deliver("sms", *users), "status", "attempts", "last_error") == [*expected.values()]
    assert [message["number"] for message in sms.received()][: len(users)] == [f"+254711{end}" for end in expected]


def test_invalid_number_fails_and_the_other_numbers_get_their_sms(
    ada: str, accounts: Accounts, deliver: Deliver, sms: FakeServer
) -> None:
    invalid, without = accounts.add("invalid", "sms", phone="0711"), accounts.add("without", "sms")
    assert values(deliver("sms", invalid, without, ada), "status", "last_error") == [
        ("failed", "the phone number is not valid"),
        ("cancelled", "there is no address"),
        ("sent", None),
    ]
    assert len(sms.received()) == 1


FAULTS = {
    "connection lost": [{"close": True}],
    "timeout": [{"hang": 1}],
    "text": [{"plain": "OK"}],
    "text declared as JSON": [{"plain": "OK"}, {"declared": "application/json"}],
    "code that is infinite": [{"plain": json.dumps({"SMSMessageData": {"Message": "", "Recipients": [INFINITE]}})}],
    "JSON that is nested too deeply": [{"plain": "[" * 100_000}, {"declared": "application/json"}],
    "redirect": [{"status": 307}],
    "not modified": [{"status": 304}],
    "HTTP 502": [{"status": 502}],
    "HTTP 500": [{"status": 500}],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_sms_with_unknown_result_is_never_sent_again(
    ada: str, deliver: Deliver, sms: FakeServer, settings: dict[str, Any], faults: list[dict[str, Any]]
) -> None:
    settings["notifications"]["sms"]["timeout"] = 0.5
    for fault in faults:
        sms.fail(**fault)
    assert values(deliver("sms", ada), "status", "attempts", "provider_id") == [("unknown", 1, None)]
    assert len(sms.received()) <= 1


def test_answer_that_never_ends_is_given_up_in_time(
    ada: str, deliver: Deliver, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "CONNECT_TIMEOUT", 0.5)
    port = endless_server(b"HTTP/1.1 200 OK\r\n\r\n", then=b" ")
    settings["notifications"]["sms"] |= {"url": f"http://127.0.0.1:{port}", "timeout": 0.5}
    assert values(deliver("sms", ada), "status") == ["unknown"]


def test_response_with_another_json_content_type_is_read(ada: str, deliver: Deliver, sms: FakeServer) -> None:
    sms.fail(declared="application/json; charset=utf-8")
    (delivery,) = deliver("sms", ada)
    assert (delivery["status"], delivery["provider_id"]) == ("sent", sms.received()[0]["messageId"])


def test_user_who_opted_out_at_the_provider_has_sms_switched_off(
    ada: str, accounts: Accounts, deliver: Deliver, until: Until
) -> None:
    accounts.change(ada, phone="+254711000406")
    assert values(deliver("sms", ada), "status", "last_error") == [("failed", "406 UserInBlacklist")]
    until(lambda: accounts.opted_out == ["+254711000406"])


def test_failed_opt_out_does_not_affect_other_sms(ada: str, accounts: Accounts, deliver: Deliver) -> None:
    blocked = accounts.add("blocked", "sms", phone="+254711000406")
    accounts.failing_calls = [2]  # the first call gets the addresses
    assert values(deliver("sms", blocked, ada), "status") == ["failed", "sent"]
    assert accounts.opted_out == []


def test_insufficient_balance_pauses_all_sms_and_costs_no_attempt(
    ada: str,
    ben: str,
    start_delivery: CreateDeliveries,
    rows: Rows,
    until: Until,
    sms: FakeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sms.fail(verdict=405, count=9)
    start_delivery("sms", ada)
    until(lambda: values(rows("deliveries"), "last_error") == ["405 InsufficientBalance"])
    start_delivery("sms", ben)
    until(lambda: values(rows("deliveries"), "last_error") == ["405 InsufficientBalance"] * 2)
    assert values(rows("deliveries"), "status", "attempts") == [("pending", 0), ("pending", 0)]
    assert all(row["due_at"] > clock.now() + timedelta(minutes=5) for row in rows("deliveries"))
    assert [message["number"] for message in sms.received()] == [PHONE]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "the balance at Africa's Talking is used up: no SMS is sent"
    ]


def test_only_allowed_countries_get_sms(
    accounts: Accounts, deliver: Deliver, sms: FakeServer, settings: dict[str, Any]
) -> None:
    settings["notifications"]["sms"]["countries"] = "KE,UG"
    phones = (PHONE, "+255621234567", "+80012345678", "+256712345678")
    users = [accounts.add(f"user{phone}", "sms", phone=phone) for phone in phones]
    assert values(deliver("sms", *users), "status", "attempts", "last_error") == [
        ("sent", 1, None),
        ("cancelled", 0, "no SMS goes to this country"),
        ("cancelled", 0, "no SMS goes to this country"),
        ("sent", 1, None),
    ]
    assert [message["number"] for message in sms.received()] == [PHONE, "+256712345678"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"url": "http://127.0.0.1:9"}, "ConnectionError"), ({"api_key": "wrong"}, "HTTP 401")],
    ids=["refused connection", "wrong key"],
)
def test_unavailable_provider_costs_no_attempt(
    ada: str,
    settings: dict[str, Any],
    start_delivery: CreateDeliveries,
    rows: Rows,
    until: Until,
    sms: FakeServer,
    wrong: dict[str, str],
    error: str,
) -> None:
    settings["notifications"]["sms"] |= wrong
    start_delivery("sms", ada)
    until(lambda: values(rows("deliveries"), "status", "attempts", "last_error") == [("pending", 0, error)])
    assert sms.received() == []
