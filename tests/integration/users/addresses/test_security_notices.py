"""Owners are notified of what concerns the security of their account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import Engine, func, update

from chassis import clock
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.codes.conftest import Issued, issued  # noqa: F401 - a fixture
from tests.integration.users.conftest import verify
from tests.integration.users.logged_in import DELIVERIES, NEW_PASSWORD, PASSWORD, PHONE, NewUser, User
from users.models import User as UserRow
from users.models import UserSession

HOME, NEW_ADDRESS, PROGRAM = "192.0.2.1", "198.51.100.7", "curl/8.5.0"

Details = Callable[[], dict[str, Any]]


@pytest.fixture
def events(listen: Listen, ada: User) -> EventListener:  # noqa: ARG001 - her registration comes before
    """Receive the events of users after ada's first login."""
    return listen("users")


@pytest.fixture
def details(users: Rpc, events: EventListener) -> Details:
    """Return the next notice as deliveries gets it."""

    def details() -> dict[str, Any]:
        event = events.next("security_notice")
        items: list[dict[str, Any]] = users("users.security_notices", DELIVERIES, ids=[event["id"]])["items"]
        assert [item["kind"] for item in items] == [event["kind"]]
        return items[0]

    return details


def log_in(users: Rpc, **fields: Any) -> dict[str, Any]:
    session: dict[str, Any] = users("users.login", **{"username": "ada", "password": PASSWORD} | fields)
    return session


def add_second_factor(users: Rpc, ada: User) -> list[str]:
    secret = users("users.begin_second_factor", ada.caller, password=PASSWORD)["secret"]
    codes: list[str] = users("users.confirm_second_factor", ada.caller, code=pyotp.TOTP(secret).now())["recovery_codes"]
    return codes


def test_sign_in_on_a_new_device_is_notified_with_address_and_program(users: Rpc, ada: User, details: Details) -> None:
    log_in(users, address=NEW_ADDRESS, user_agent=PROGRAM)
    notice = details()
    expected = {"kind": "new_device", "user_id": ada.id, "username": "ada", "address": "ada@example.org"}
    assert notice == notice | expected | {"client_address": NEW_ADDRESS, "user_agent": PROGRAM, "channel": "email"}


def test_first_session_known_device_and_known_address_are_not_notified(
    users: Rpc, listen: Listen, database: Engine
) -> None:
    events = listen("users")
    verify(database, users("users.register", username="ada", email="ada@example.org", password=PASSWORD)["id"])
    device = log_in(users, address=HOME)["device_token"]
    log_in(users, address=HOME)
    log_in(users, address=NEW_ADDRESS, device_token=device)
    log_in(users, address="203.0.113.1", user_agent="the first that is notified")
    notice = events.next("security_notice")
    (item,) = users("users.security_notices", DELIVERIES, ids=[notice["id"]])["items"]
    assert item["user_agent"] == "the first that is notified"


def test_sign_in_at_an_account_whose_sessions_were_deleted_is_notified(
    users: Rpc, details: Details, database: Engine
) -> None:
    with database.begin() as connection:
        connection.execute(UserSession.__table__.delete())  # type: ignore[attr-defined]
        connection.execute(update(UserRow).values(created_at=clock.now() - timedelta(days=31)))
    log_in(users, address=NEW_ADDRESS)
    assert details()["kind"] == "new_device"


def test_changed_password_and_phone_are_notified(users: Rpc, ada: User, details: Details) -> None:
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert details()["kind"] == "password_changed"
    users("users.update_account", ada.caller, phone=PHONE)
    assert details()["kind"] == "phone_changed"


def test_password_that_was_set_by_a_code_is_notified(
    users: Rpc,
    details: Details,
    issued: Issued,  # noqa: F811 - the fixture
) -> None:
    users("users.request_password_reset", username="ada")
    (code,) = issued()
    users("users.confirm_password_reset", username="ada", code=code["code"], password=NEW_PASSWORD)
    assert details()["kind"] == "password_reset"


def test_second_factor_and_used_recovery_code_are_notified(users: Rpc, ada: User, details: Details) -> None:
    recovery_codes = add_second_factor(users, ada)
    assert details()["kind"] == "second_factor_added"
    users("users.remove_second_factor", ada.caller, password=PASSWORD, code=recovery_codes[0])
    assert {details()["kind"], details()["kind"]} == {"recovery_code_used", "second_factor_removed"}
    add_second_factor(users, ada)
    assert details()["kind"] == "second_factor_added"
    users("users.reset_second_factor", OPERATOR, username="ada")
    assert details()["kind"] == "second_factor_removed"


def test_channels_that_the_user_switched_off_do_not_matter(users: Rpc, ada: User, details: Details) -> None:
    users("users.update_account", ada.caller, notify_by=[])
    users("users.update_account", ada.caller, phone=PHONE)
    assert details()["address"] == "ada@example.org"


def test_event_has_no_personal_data(users: Rpc, events: EventListener) -> None:
    log_in(users, address=NEW_ADDRESS, user_agent=PROGRAM)
    assert events.next("security_notice").keys() == {"id", "user_id", "kind", "occurred_at"}


def test_notices_go_to_verified_addresses_only(users: Rpc, new_user: NewUser, listen: Listen, database: Engine) -> None:
    eve, events = new_user("eve", verified=False), listen("users")
    users("users.update_account", eve.caller, phone=PHONE)
    event = events.next("security_notice")
    assert users("users.security_notices", DELIVERIES, ids=[event["id"]])["items"] == []
    with database.begin() as connection:
        connection.execute(update(UserRow).where(UserRow.id == eve.id).values(email_verified_at=func.now()))
    assert len(users("users.security_notices", DELIVERIES, ids=[event["id"]])["items"]) == 1


def test_closed_account_is_not_notified(users: Rpc, ada: User, events: EventListener) -> None:
    users("users.update_account", ada.caller, phone=PHONE)
    event = events.next("security_notice")
    users("users.set_active", OPERATOR, username="ada", is_active=False)
    assert users("users.security_notices", DELIVERIES, ids=[event["id"]])["items"] == []
