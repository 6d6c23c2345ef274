"""The export of a user's data has what the database has, and no secrets."""

import json
from contextlib import suppress
from typing import Any

import pyotp
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis.errors import Invalid, NotFound, ServiceError
from chassis.ids import new_id
from tests.integration.support.export import check_rows, read_all, rows
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import PASSWORD, WRONG_PASSWORD, NewUser, User
from users.export import LEFT_OUT, SECTIONS
from users.identities import store as identities_store
from users.models import (
    AccountEvent,
    Base,
    EmailChange,
    FailedLogins,
    Invitation,
    LinkedIdentity,
    OneTimeCode,
    RecoveryCode,
    SecondFactor,
    UserSession,
)
from users.models import User as Account

SECTION = {section.name: section for section in SECTIONS}


def use_everything(users: Rpc, user: User) -> None:
    """Give an account a row in every table."""
    name, client = user.account["username"], {"address": "192.0.2.7", "user_agent": "curl/8.5.0"}
    email, phone = f"{name}.new@example.org", user.account["phone"].replace("+254711", "+254712")
    users("users.update_account", user.caller, email=email, phone=phone)
    users("users.login", username=name, password=PASSWORD, device_token="a device of mine", **client)
    users("users.logout", user.caller)
    users("users.request_verification", user.caller, channel="email")
    users("users.request_verification", user.caller, channel="sms")
    secret = users("users.begin_second_factor", user.caller, password=PASSWORD)["secret"]
    users("users.confirm_second_factor", user.caller, code=pyotp.TOTP(secret).now())
    with suppress(ServiceError):
        users("users.login", username=name, password=WRONG_PASSWORD, **client)
    for _ in range(2):
        users("users.invite", OPERATOR, email=email)


def link_identity(database: Engine, user: User) -> None:
    """Link an identity to an account."""
    with Session(database) as session, session.begin():
        identities_store.add(session, user.id, "https://id.example.org", f"subject of {user.account['username']}")


@pytest.fixture
def ada(users: Rpc, new_user: NewUser, database: Engine) -> User:
    ada, ben = new_user("ada", phone="+254711000001"), new_user("benedict", phone="+254711000002")
    for user in (ada, ben):
        use_everything(users, user)
        link_identity(database, user)
    return ada


def test_export_has_every_row_of_the_user_with_every_column(users: Rpc, ada: User, database: Engine) -> None:
    data = read_all(users, "users", ada.id)
    assert data.keys() == SECTION.keys()
    owned: dict[str, tuple[Any, dict[str, Any]]] = {
        "account": (Account, {"id": ada.id}),
        "sessions": (UserSession, {"user_id": ada.id}),
        "account_events": (AccountEvent, {"user_id": ada.id}),
        "codes": (OneTimeCode, {"account": ada.id}),
        "second_factors": (SecondFactor, {"user_id": ada.id}),
        "identities": (LinkedIdentity, {"user_id": ada.id}),
        "email_changes": (EmailChange, {"user_id": ada.id}),
    }
    for name, (table, values) in owned.items():
        check_rows(SECTION[name], data[name], rows(database, table, **values))
    failures = [row for row in rows(database, FailedLogins) if row["subject"].split(":")[1] == ada.id]
    check_rows(SECTION["failed_logins"], data["failed_logins"], failures)
    assert [one["kind"] for one in data["failed_logins"]] == [row["subject"].split(":")[0] for row in failures]
    invitations = rows(database, Invitation, email_key="ada.new@example.org")
    assert [one["expires_at"] for one in data["invitations"]] == [row["expires_at"] for row in invitations]
    assert len(invitations) == 2
    assert data["second_factors"][0]["recovery_codes"] == len(rows(database, RecoveryCode, user_id=ada.id)) > 0


def test_account_and_events_are_those_that_the_user_sees(users: Rpc, ada: User) -> None:
    data = read_all(users, "users", ada.id)
    account = users("users.detail", ada.caller, id=ada.id)
    assert data["account"][0] == data["account"][0] | account
    assert data["account_events"][::-1] == users("users.account_events", ada.caller)["items"]


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_small_pages_give_the_same_records_once(users: Rpc, ada: User, limit: int) -> None:
    assert read_all(users, "users", ada.id, limit) == read_all(users, "users", ada.id)


def test_export_has_no_secret_and_nothing_of_another_user(users: Rpc, ada: User, database: Engine) -> None:
    text = json.dumps(read_all(users, "users", ada.id))
    tables = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    left_out = {name for name in LEFT_OUT if "." in name} - {
        "users.username_key",
        "users.email_key",
        "invitations.email_key",
        "email_changes.email_key",
        "email_changes.id",
        "users.password_unset_at",
    }
    secrets = {
        str(row[column])
        for table, column in (name.split(".") for name in left_out)
        for row in rows(database, tables[table])
    }
    secrets = {value for value in secrets if len(value) > 8 and value != ada.id}
    assert len(secrets) > 20
    assert [value for value in secrets if value in text] == []
    assert "benedict" not in text


def test_unknown_account_is_not_found(users: Rpc) -> None:
    with pytest.raises(NotFound):
        users("users.export", user_id=new_id())


@pytest.mark.parametrize("cursor", ["bm90aGluZzo", "!"])
def test_cursor_that_was_not_given_is_rejected(users: Rpc, ada: User, cursor: str) -> None:
    with pytest.raises(Invalid):
        users("users.export", user_id=ada.id, cursor=cursor)
