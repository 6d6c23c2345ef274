"""Owners sign in on a new device by a code, while wrong passwords of others keep unknown clients out."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from chassis.errors import Invalid, ServiceError, TooManyRequests
from tests.integration.support.rpc import Rpc
from tests.integration.users.codes.conftest import Issued
from tests.integration.users.codes.test_verification import other_than
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, STAFF, WRONG_PASSWORD, NewUser, User
from users.codes import issuing
from users.models import FailedLogins, OneTimeCode
from users.models import User as UserRow

IN = "logged in"
NEW_ADDRESS = "2001:db8:1:2::"

Login = Callable[..., str]


@pytest.fixture
def login(users: Rpc, ada: User) -> Login:  # noqa: ARG001 - ada has an account
    """Log in as ada; return IN or the code of the error."""

    def login(**fields: Any) -> str:
        try:
            users("users.login", **{"username": "ada", "password": PASSWORD, "address": NEW_ADDRESS} | fields)
        except ServiceError as error:
            return error.code
        return IN

    return login


@pytest.fixture
def attacked(login: Login) -> None:
    """Use up what unknown clients may try at the account, each with one wrong password."""
    results = [login(password=WRONG_PASSWORD, address=f"198.51.100.{number}") for number in range(40)]
    assert results[-1] == "too_many_failures"


@pytest.fixture
def code(users: Rpc, ada: User, issued: Issued) -> str:  # noqa: ARG001 - ada has an account
    """Request a code for a login, and return its digits."""
    users("users.request_login_code", username="ada", address=NEW_ADDRESS)
    (code,) = issued()
    assert (code["purpose"], code["address"]) == ("sign_in", "ada@example.org")
    return str(code["code"])


@pytest.mark.usefixtures("attacked")
def test_code_signs_in_while_unknown_clients_are_rejected(login: Login, code: str) -> None:
    assert login() == "too_many_failures"
    assert login(code=code) == IN


@pytest.mark.usefixtures("attacked")
def test_rejection_says_that_a_code_helps(users: Rpc) -> None:
    with pytest.raises(TooManyRequests, match="POST /login-code/"):
        users("users.login", username="ada", password=PASSWORD, address=NEW_ADDRESS)


def test_code_signs_in_at_an_address_with_wrong_passwords_of_others(login: Login, code: str) -> None:
    for _ in range(12):
        login(password=WRONG_PASSWORD)
    assert login() == "throttled"
    assert login(code=code) == IN


def test_code_by_sms_signs_in(users: Rpc, new_user: NewUser, issued: Issued, login: Login) -> None:
    eve = new_user("eve", phone="+254711000001")
    users("users.request_login_code", email=eve.account["email"], channel="sms")
    (code,) = issued()
    assert code["address"] == "+254711000001"
    assert login(username="eve", code=code["code"]) == IN


def test_password_is_required_besides_the_code(login: Login, code: str) -> None:
    assert login(code=code, password=WRONG_PASSWORD) == "bad_credentials"
    assert login(code=code) == IN


def test_right_code_with_wrong_passwords_is_accepted_for_five_tries(login: Login, code: str) -> None:
    results = [login(code=code, password=WRONG_PASSWORD) for _ in range(issuing.TRIES)]
    assert results == ["bad_credentials"] * issuing.TRIES
    assert login(code=code) == "bad_code"


def test_wrong_code_names_its_field_and_the_fifth_ends_the_code(users: Rpc, login: Login, code: str) -> None:
    wrong = other_than(code)
    with pytest.raises(Invalid) as caught:
        users("users.login", username="ada", password=PASSWORD, code=wrong)
    assert (caught.value.code, caught.value.errors[0]["field"]) == ("bad_code", "code")
    assert [login(code=wrong) for _ in range(issuing.TRIES - 1)] == ["bad_code"] * (issuing.TRIES - 1)
    assert login(code=code) == "bad_code"


def test_code_is_accepted_once(login: Login, code: str) -> None:
    assert [login(code=code), login(code=code)] == [IN, "bad_code"]


@pytest.mark.parametrize("name", ["ADA", "\uff41\uff44\uff41", "Ada@EXAMPLE.org"])
def test_code_is_accepted_with_every_spelling_of_the_name(login: Login, code: str, name: str) -> None:
    assert login(username=name, code=code) == IN


def test_code_of_another_account_or_purpose_is_wrong(
    users: Rpc, new_user: NewUser, login: Login, code: str, issued: Issued
) -> None:
    new_user("bob")
    assert login(username="bob", code=code) == "bad_code"
    users("users.request_password_reset", username="ada")
    reset = next(item["code"] for item in issued() if item["purpose"] == "reset_password")
    assert reset == code or login(code=reset) == "bad_code"
    with pytest.raises(Invalid):
        users("users.confirm_password_reset", username="ada", code=other_than(reset), password=NEW_PASSWORD)


def test_second_factor_is_required_besides_the_code(login: Login, code: str, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(UserRow).values(second_factor_since=func.now()))
    assert login(code=code) == "second_factor_required"
    assert login(code=code, otp="000000") == "bad_code"
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 1


def test_login_with_a_code_leaves_no_failure(login: Login, code: str, database: Engine) -> None:
    assert login(code=code) == IN
    with Session(database) as session:
        failures = {row.subject.partition(":")[0]: row.failures for row in session.scalars(select(FailedLogins))}
    assert failures["code-guesses"] == 0
    assert "client" not in failures


@pytest.mark.parametrize("name", ["unknown", "unknown@example.org", "closed"])
def test_unknown_and_closed_accounts_have_the_same_answers_and_no_code(
    users: Rpc, new_user: NewUser, login: Login, issued: Issued, name: str
) -> None:
    users("users.deactivate", STAFF, id=new_user("closed").id)
    assert users("users.request_login_code", username=name) == {}
    assert issued() == []
    assert login(username=name, code="000000") == "bad_code"


def test_code_goes_to_verified_addresses_only(
    users: Rpc, new_unverified: NewUser, issued: Issued, database: Engine
) -> None:
    eve = new_unverified("eve")
    assert users("users.request_login_code", username="eve") == {}
    assert issued() == []
    with database.begin() as connection:
        connection.execute(update(UserRow).where(UserRow.id == eve.id).values(email_verified_at=func.now()))
    assert [code["purpose"] for code in issued()] == ["sign_in"]
