"""Users who forgot their password set a new one by a code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.event import listen as listen_to
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid, TooManyRequests, Unauthenticated
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.codes.conftest import Issued
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, STAFF, WRONG_PASSWORD, LogIn, NewUser, User
from users import contract
from users.codes import by_name, issuing, password_reset
from users.credentials.failed_logins import FailureBudget
from users.models import FailedLogins, OneTimeCode

pytestmark = pytest.mark.usefixtures("ada")


@pytest.fixture
def ada_with_phone(users: Rpc, ada: User) -> User:
    users("users.update_account", ada.caller, phone="+254711000001")
    users("users.trust_addresses", OPERATOR, registered_before=clock.now().isoformat(), username="ada")
    return ada


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


@pytest.mark.parametrize("name", ["unknown", "unverified", "closed"])
def test_every_kind_of_account_causes_the_same_statements(
    users: Rpc, new_user: NewUser, database: Engine, name: str
) -> None:
    new_user("unverified", verified=False)
    users("users.deactivate", STAFF, id=new_user("closed").id)
    with database.begin() as connection:  # as if no code had been issued at the registration
        connection.execute(delete(OneTimeCode))

    def statements(of: str) -> list[str]:
        executed: list[str] = []
        with Session(database) as session, session.begin():
            listen_to(session.connection(), "before_cursor_execute", lambda *arguments: executed.append(arguments[2]))
            request = contract.ClientRequestPasswordReset(username=of, address="192.0.2.1")
            by_name.request(session, request, password_reset.PURPOSE)
        return executed

    known = statements("ada")
    assert statements(name) == known
    assert len(known) > 5


@pytest.mark.parametrize("name", ["unknown", "unverified", "closed"])
def test_every_kind_of_account_causes_the_same_rows(users: Rpc, new_user: NewUser, database: Engine, name: str) -> None:
    new_user("unverified", verified=False)
    users("users.deactivate", STAFF, id=new_user("closed").id)

    def added(of: str) -> list[str]:
        with database.begin() as connection:  # what registrations counted
            connection.execute(delete(FailedLogins))
        before = rows(database)
        request(users, of)
        return sorted(table for table, *_ in rows(database) - before)

    assert added(name) == added("ada") != []


def test_full_mailbox_gives_the_same_answer_and_gets_no_code(
    users: Rpc, new_user: NewUser, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a client that has filled a mailbox learns whether it is that of an account's name."""
    monkeypatch.setattr(issuing, "PER_TARGET", FailureBudget(2))
    mallory = new_user("mallory", email="a.da+1@example.org", verified=False)  # takes the only code
    users("users.update_account", mallory.caller, email="mallory@example.org")
    request(users, "ada")
    assert issued() == []


def rows(database: Engine) -> set[tuple[str, ...]]:
    """Return the rows that requests for codes add, with the name of their table first."""
    with Session(database) as session:
        codes = session.execute(select(OneTimeCode.account, OneTimeCode.purpose))
        counts = session.scalars(select(FailedLogins.subject))
        return {("codes", *row) for row in codes} | {("counts", subject) for subject in counts}


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


def test_code_goes_to_a_verified_address_only(users: Rpc, new_user: NewUser, issued: Issued) -> None:
    new_user("bob", verified=False)
    request(users, "bob")
    assert [code["purpose"] for code in issued()] == ["verify_email"]
    users("users.trust_addresses", OPERATOR, registered_before=clock.now().isoformat(), username="bob")
    assert [code["purpose"] for code in issued()] == ["reset_password"]


@pytest.mark.usefixtures("optional")
def test_without_verification_code_goes_to_any_address(users: Rpc, new_user: NewUser, issued: Issued) -> None:
    new_user("bob", verified=False)
    request(users, "bob")
    assert [code["purpose"] for code in issued()] == ["reset_password"]


def test_code_expires_after_15_minutes(users: Rpc, issued: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    request(users)
    (code,) = issued()
    later = clock.now() + issuing.LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Invalid):
        confirm(users, code["code"])
    assert issued() == []


def test_codes_are_deleted_with_the_account(users: Rpc, ada: User, database: Engine) -> None:
    request(users)
    users("users.delete_account", ada.caller, password=PASSWORD)
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0
