"""Owners of accounts verify their e-mail address and phone number by codes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, delete

from chassis import clock
from chassis.errors import Conflict, Invalid, TooManyRequests
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from tests.integration.users.codes.conftest import Issued
from tests.integration.users.logged_in import DELIVERIES, NewUser, User
from users.codes import issuing
from users.credentials.failed_logins import FailureBudget
from users.models import EmailChange


def request(users: Rpc, user: User, channel: str = "email", address: str | None = None) -> None:
    users("users.request_verification", user.caller, channel=channel, address=address)


def confirm(users: Rpc, user: User, code: str, channel: str = "email") -> dict[str, Any]:
    account: dict[str, Any] = users("users.confirm_verification", user.caller, channel=channel, code=code)
    return account


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.parametrize(("channel", "field"), [("email", "email_verified_at"), ("sms", "phone_verified_at")])
def test_address_is_verified_by_its_code(
    users: Rpc, ada_with_phone: User, issued: Issued, channel: str, field: str
) -> None:
    request(users, ada_with_phone, channel)
    (code,) = issued()
    assert code["channel"] == channel
    assert code["address"] == ("ada@example.org" if channel == "email" else "+254711000001")
    account = confirm(users, ada_with_phone, code["code"], channel)
    other = ({"email_verified_at", "phone_verified_at"} - {field}).pop()
    assert account[field] is not None
    assert account[other] is None
    assert issued() == []


def test_code_is_six_digits_and_not_in_the_event(users: Rpc, ada: User, issued: Issued, listen: Listen) -> None:
    events = listen("users")
    request(users, ada)
    (code,) = issued()
    event = events.next("code_issued")
    assert len(code["code"]) == 6
    assert code["code"].isdigit()
    assert event["id"] == code["id"]
    assert code["code"] not in str(event).replace(event["id"], "").replace(event["user_id"], "")


def test_wrong_code_is_rejected_and_the_fifth_ends_the_code(users: Rpc, ada: User, issued: Issued) -> None:
    request(users, ada)
    (code,) = issued()
    for _ in range(issuing.TRIES):
        with pytest.raises(Invalid) as caught:
            confirm(users, ada, other_than(code["code"]))
        assert caught.value.code == "bad_code"
    with pytest.raises(Invalid):
        confirm(users, ada, code["code"])


def test_right_code_is_accepted_after_four_wrong_ones_with_spaces(users: Rpc, ada: User, issued: Issued) -> None:
    request(users, ada)
    (code,) = issued()
    for _ in range(issuing.TRIES - 1):
        with pytest.raises(Invalid):
            confirm(users, ada, other_than(code["code"]))
    assert confirm(users, ada, f" {code['code'][:3]} {code['code'][3:]}")["email_verified_at"]


def test_concurrent_guesses_are_counted(users: Rpc, ada: User, issued: Issued) -> None:
    request(users, ada)
    (code,) = issued()

    def guess() -> None:
        with pytest.raises(Invalid):
            confirm(users, ada, other_than(code["code"]))

    for greenlet in [eventlet.spawn(guess) for _ in range(2 * issuing.TRIES)]:
        greenlet.wait()
    with pytest.raises(Invalid):
        confirm(users, ada, code["code"])


def test_code_is_accepted_once(users: Rpc, ada_with_phone: User, issued: Issued) -> None:
    request(users, ada_with_phone)
    (code,) = issued()
    confirm(users, ada_with_phone, code["code"])
    with pytest.raises(Invalid):
        confirm(users, ada_with_phone, code["code"])


def test_code_of_one_purpose_is_wrong_for_another(users: Rpc, ada_with_phone: User, issued: Issued) -> None:
    request(users, ada_with_phone)
    (code,) = issued()
    with pytest.raises(Invalid):
        confirm(users, ada_with_phone, code["code"], "sms")


def test_code_of_another_account_is_wrong(users: Rpc, ada: User, issued: Issued, new_user: NewUser) -> None:
    request(users, ada)
    (code,) = issued()
    bob = new_user("bob")
    request(users, bob)
    codes = {one["username"]: one["code"] for one in issued()}
    if codes["ada"] != codes["bob"]:  # one in a million
        with pytest.raises(Invalid):
            confirm(users, bob, code["code"])


def test_code_expires_after_15_minutes(users: Rpc, ada: User, issued: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    request(users, ada)
    (code,) = issued()
    later = clock.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Invalid):
        confirm(users, ada, code["code"])
    assert issued() == []


def test_newer_code_replaces_the_older_one(users: Rpc, ada: User, issued: Issued, rested: Callable[[], None]) -> None:
    request(users, ada)
    (older,) = issued()
    rested()
    request(users, ada)
    (newer,) = issued()
    assert newer["id"] != older["id"]
    assert users("users.codes", DELIVERIES, ids=[older["id"]])["items"] == []
    assert confirm(users, ada, newer["code"])["email_verified_at"]


def test_second_request_within_a_minute_keeps_the_code(users: Rpc, ada: User, issued: Issued) -> None:
    request(users, ada)
    (code,) = issued()
    request(users, ada)
    assert issued() == [code]


def test_codes_of_an_account_are_limited(users: Rpc, ada: User, rested: Callable[[], None]) -> None:
    for _ in range(issuing.PER_ACCOUNT.at_once):
        request(users, ada)
        rested()
    with pytest.raises(TooManyRequests) as caught:
        request(users, ada)
    assert caught.value.code == "too_many_codes"
    assert caught.value.retry_after


def test_codes_for_a_client_are_limited_over_accounts(
    users: Rpc, new_user: NewUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "PER_CLIENT", FailureBudget(4))
    for name in ("ada", "bob"):
        request(users, new_user(name), address="192.0.2.1")
    with pytest.raises(TooManyRequests):
        request(users, new_user("eve"), address="192.0.2.1")
    request(users, new_user("mallory"), address="192.0.2.2")


@pytest.mark.parametrize("spelling", ["victim@example.org", "VICTIM@example.org", "vic.tim+1@example.org"])
def test_codes_to_a_mailbox_are_limited_over_accounts_and_spellings(
    users: Rpc, new_user: NewUser, database: Engine, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.setattr(issuing, "PER_TARGET", FailureBudget(2))
    eve = new_user("eve", email="victim@example.org")
    request(users, eve)
    users("users.update_account", eve.caller, email="eve@example.org")
    with database.begin() as connection:  # 72 hours later the address is free
        connection.execute(delete(EmailChange))
    mallory = new_user("mallory", email=spelling)
    with pytest.raises(TooManyRequests):
        request(users, mallory)


def test_changed_address_is_not_verified_and_its_older_code_is_wrong(
    users: Rpc, ada: User, issued: Issued, rested: Callable[[], None]
) -> None:
    request(users, ada)
    (code,) = issued()
    users("users.update_account", ada.caller, email="ada.l@example.org")
    assert issued() == []
    with pytest.raises(Invalid):
        confirm(users, ada, code["code"])
    rested()
    request(users, ada)
    confirm(users, ada, issued()[0]["code"])
    account = users("users.update_account", ada.caller, email="ada@example.org")
    assert account["email_verified_at"] is None


def test_request_for_a_verified_or_missing_address_is_rejected(users: Rpc, ada: User, issued: Issued) -> None:
    request(users, ada)
    confirm(users, ada, issued()[0]["code"])
    with pytest.raises(Conflict) as caught:
        request(users, ada)
    assert caught.value.code == "already_verified"
    with pytest.raises(Invalid, match="channel"):
        request(users, ada, "sms")


@pytest.mark.usefixtures("required")
def test_registration_issues_a_code_and_only_codes_go_to_the_address(users: Rpc, ada: User, issued: Issued) -> None:
    (code,) = issued()
    assert code["purpose"] == "verify_email"
    (contact,) = users("users.contacts", DELIVERIES, ids=[ada.id])["items"]
    assert contact["unverified"] == ["email", "sms"]
    confirm(users, ada, code["code"])
    (contact,) = users("users.contacts", DELIVERIES, ids=[ada.id])["items"]
    assert contact["unverified"] == ["sms"]


def test_without_verification_all_addresses_count_and_registration_issues_no_code(
    users: Rpc, ada: User, issued: Issued
) -> None:
    assert issued() == []
    (contact,) = users("users.contacts", DELIVERIES, ids=[ada.id])["items"]
    assert contact["unverified"] == []
