"""Users who forgot their password set a new one by a code."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from chassis.db.tables import outbox
from chassis.errors import Invalid, TooManyRequests, Unauthenticated
from tests.integration.support.rpc import Rpc
from tests.integration.users.codes.conftest import Issued
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, STAFF, WRONG_PASSWORD, LogIn, NewUser, User
from users.codes import issuing
from users.models import OneTimeCode
from users.models import User as UserRow

pytestmark = pytest.mark.usefixtures("ada")


def request(users: Rpc, name: str = "ada", **fields: Any) -> None:
    field = "email" if "@" in name else "username"
    users("users.request_password_reset", **{field: name}, **fields)


def confirm(users: Rpc, code: str, name: str = "ada", password: str = NEW_PASSWORD) -> None:
    users("users.confirm_password_reset", username=name, code=code, password=password)


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.org", "Ada@Example.ORG"])
def test_code_sets_a_new_password(users: Rpc, ada: User, log_in: LogIn, issued: Issued, name: str) -> None:
    request(users, name)
    (code,) = issued()
    assert (code["purpose"], code["address"]) == ("reset_password", "ada@example.org")
    confirm(users, code["code"])
    assert log_in("ada", NEW_PASSWORD).id == ada.id
    with pytest.raises(Unauthenticated):
        log_in("ada", PASSWORD)


def test_code_by_sms_sets_a_new_password(users: Rpc, ada_with_phone: User, log_in: LogIn, issued: Issued) -> None:
    request(users, channel="sms")
    (code,) = issued()
    assert code["address"] == "+254711000001"
    confirm(users, code["code"])
    assert log_in("ada", NEW_PASSWORD).id == ada_with_phone.id


def test_reset_ends_all_sessions(users: Rpc, ada: User, issued: Issued) -> None:
    request(users)
    confirm(users, issued()[0]["code"])
    with pytest.raises(Unauthenticated):
        users("users.authenticate", token_hash=ada.token_hash)


def test_reset_opens_an_account_that_wrong_passwords_closed(
    users: Rpc,
    log_in: LogIn,
    issued: Issued,
) -> None:
    with pytest.raises(TooManyRequests):  # noqa: PT012 - until the account is closed to this client
        for _ in range(60):
            with pytest.raises(Unauthenticated):
                log_in("ada", WRONG_PASSWORD)
    request(users)
    confirm(users, issued()[0]["code"])
    log_in("ada", NEW_PASSWORD)


def test_reset_is_in_the_history_of_the_account(users: Rpc, log_in: LogIn, issued: Issued) -> None:
    request(users)
    confirm(users, issued()[0]["code"])
    events = users("users.account_events", log_in("ada", NEW_PASSWORD).caller)["items"]
    assert [event["kind"] for event in events[:2]] == ["signed_in", "password_reset"]


@pytest.mark.parametrize("password", ["short", "password1", "ada@example.org"])
def test_invalid_password_is_rejected_and_the_code_stays_valid(
    users: Rpc,
    log_in: LogIn,
    issued: Issued,
    password: str,
) -> None:
    request(users)
    (code,) = issued()
    with pytest.raises(Invalid, match="password"):
        confirm(users, code["code"], password=password)
    confirm(users, code["code"])
    log_in("ada", NEW_PASSWORD)


def test_code_is_accepted_once(users: Rpc, issued: Issued) -> None:
    request(users)
    (code,) = issued()
    confirm(users, code["code"])
    with pytest.raises(Invalid):
        confirm(users, code["code"], password=PASSWORD)


@pytest.mark.parametrize("name", ["unknown", "unknown@example.org", "closed"])
def test_unknown_and_closed_accounts_have_the_same_answers_and_no_code(
    users: Rpc, new_user: NewUser, issued: Issued, name: str
) -> None:
    closed = new_user("closed")
    users("users.deactivate", STAFF, id=closed.id)
    request(users, name)
    assert issued() == []
    with pytest.raises(Invalid) as caught:
        confirm(users, "000000", name.partition("@")[0])
    assert caught.value.code == "bad_code"


def test_unknown_account_causes_the_same_rows_as_a_known_one(users: Rpc, database: Engine) -> None:
    def rows() -> tuple[int | None, int | None]:
        with Session(database) as session:
            codes = session.scalar(select(func.count()).select_from(OneTimeCode))
            return codes, session.scalar(select(func.count()).select_from(outbox).where(outbox.c.type == "code_issued"))

    request(users, "ada")
    known = rows()
    request(users, "unknown")
    unknown = rows()
    assert known[0] == 1
    assert unknown[0] == 2


@pytest.mark.parametrize("name", ["ada", "unknown"])
def test_requests_for_known_and_unknown_accounts_are_limited_alike(
    users: Rpc,
    rested: Callable[[], None],
    name: str,
) -> None:
    for _ in range(issuing.PER_ACCOUNT.at_once):
        request(users, name)
        rested()
    with pytest.raises(TooManyRequests) as caught:
        request(users, name.upper())
    assert caught.value.code == "too_many_codes"


@pytest.mark.usefixtures("required")
def test_required_verification_lets_codes_for_passwords_go_to_verified_addresses_only(
    users: Rpc, ada: User, issued: Issued, database: Engine
) -> None:
    request(users)
    assert [code["purpose"] for code in issued()] == ["verify_email"]
    with database.begin() as connection:
        connection.execute(update(UserRow).where(UserRow.id == ada.id).values(email_verified_at=func.now()))
    assert "reset_password" in [code["purpose"] for code in issued()]


def test_codes_are_deleted_with_the_account(users: Rpc, ada: User, database: Engine) -> None:
    request(users)
    users("users.delete_account", ada.caller, password=PASSWORD)
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0
