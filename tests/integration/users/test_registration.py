from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine

from chassis.errors import Conflict, Invalid, Unauthenticated
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc

ADA = {"username": "Ada", "email": "Ada@Example.org", "password": "a bench of stone"}


def test_an_account_is_opened_with_its_addresses_in_normal_form(users: Rpc) -> None:
    account = users("users.register", **ADA, phone="+254 711 000001", notify_by=["sms"])
    assert account.pop("id")
    assert account.pop("created_at").endswith("Z")
    assert account == {
        "username": "Ada",
        "email": "Ada@example.org",
        "phone": "+254711000001",
        "notify_by": ["sms"],
        "is_active": True,
        "is_staff": False,
    }


def test_the_world_is_told_of_a_new_account(users: Rpc, listen: Listen) -> None:
    hear = listen("users")
    account = users("users.register", **ADA)
    assert hear.next("account_changed") == {
        "id": account["id"],
        "username": "Ada",
        "changed_at": account["created_at"],
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"username": "aDA", "email": "other@example.org"}, "username_taken"),
        ({"username": "other", "email": "aDA@EXAMPLE.org"}, "email_taken"),
        ({"username": "other", "email": "other@example.org", "phone": "+254711000001"}, "phone_taken"),
    ],
)
def test_what_another_account_has_already_is_refused_whatever_its_case(
    users: Rpc, fields: dict[str, Any], code: str
) -> None:
    users("users.register", **ADA, phone="+254711000001")
    with pytest.raises(Conflict) as refused:
        users("users.register", **ADA | fields)
    assert refused.value.code == code
    assert refused.value.errors == [{"field": code.removesuffix("_taken"), "message": "is taken"}]


def test_of_ten_who_register_one_name_at_a_time_one_gets_it_and_nine_are_told(users: Rpc) -> None:
    def attempt(number: int) -> str:
        try:
            return str(users("users.register", **ADA | {"email": f"ada{number}@example.org"})["username"])
        except Conflict as error:
            return error.code

    answers = list(eventlet.GreenPool().imap(attempt, range(10)))
    assert sorted(answers) == ["Ada"] + ["username_taken"] * 9


def test_a_repeated_request_gets_the_first_answer(users: Rpc) -> None:
    first = users("users.register", request_key="once", **ADA)
    assert users("users.register", request_key="once", **ADA) == first


def test_a_request_key_is_not_for_two_requests(users: Rpc) -> None:
    users("users.register", request_key="once", **ADA)
    with pytest.raises(Invalid) as refused:
        users("users.register", request_key="once", **ADA | {"username": "other"})
    assert refused.value.code == "idempotency_key_reused"


def test_no_answer_and_no_table_holds_the_password(users: Rpc, database: Engine) -> None:
    users("users.register", request_key="once", **ADA)
    with database.connect() as connection:
        for table in ("users", "handled_requests", "outbox"):
            assert "stone" not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "a da"}, "username"),
        ({"email": "ada at example"}, "email"),
        ({"phone": "0711000001"}, "phone"),
        ({"notify_by": ["sms"]}, "notify_by"),
        ({"password": "password1"}, "password"),
    ],
)
def test_a_refusal_names_the_field(users: Rpc, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        users("users.register", **ADA | fields)
    assert [error["field"] for error in refused.value.errors] == [field]


def test_a_call_without_a_token_is_refused(users: Rpc) -> None:
    with pytest.raises(Unauthenticated):
        users("users.register", None, **ADA)
    assert users("users.register", GATEWAY, **ADA)
