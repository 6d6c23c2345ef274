from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine

from chassis.errors import Conflict
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PHONE

ADA = {"username": "Ada", "email": "Ada@Example.org", "password": "a bench of stone"}


def test_account_has_normalized_addresses(users: Rpc) -> None:
    account = users("users.register", **ADA, phone="+254 711 000001", notify_by=["sms"])
    assert account.pop("id")
    assert account.pop("created_at") == account.pop("username_changed_at")
    assert account == {
        "username": "Ada",
        "email": "Ada@example.org",
        "phone": PHONE,
        "notify_by": ["sms"],
        "is_active": True,
        "is_staff": False,
        "second_factor": False,
        "email_verified_at": None,
        "phone_verified_at": None,
    }


def test_registration_publishes_account_changed(users: Rpc, listen: Listen) -> None:
    events = listen("users")
    account = users("users.register", **ADA)
    expected = {"id": account["id"], "username": "Ada", "changed_at": account["created_at"]}
    assert events.next("account_changed") == expected


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"username": "aDA", "email": "other@example.org"}, "username_taken"),
        ({"username": "other", "email": "aDA@EXAMPLE.org"}, "email_taken"),
        ({"username": "other", "email": "other@example.org", "phone": PHONE}, "phone_taken"),
    ],
)
def test_taken_value_is_rejected_in_any_case(users: Rpc, fields: dict[str, Any], code: str) -> None:
    users("users.register", **ADA, phone=PHONE)
    with pytest.raises(Conflict) as error:
        users("users.register", **ADA | fields)
    assert error.value.code == code
    assert error.value.errors == [{"field": code.removesuffix("_taken"), "message": "is taken"}]


def test_concurrent_registrations_of_a_name_open_one_account(users: Rpc) -> None:
    def register(number: int) -> str:
        try:
            return str(users("users.register", **ADA | {"email": f"ada{number}@example.org"})["username"])
        except Conflict as error:
            return error.code

    results = list(eventlet.GreenPool().imap(register, range(10)))
    assert sorted(results) == ["Ada"] + ["username_taken"] * 9


def test_repeated_registration_returns_the_first_reply(users: Rpc) -> None:
    first = users("users.register", request_key="once", **ADA)
    assert users("users.register", request_key="once", **ADA) == first


def test_no_table_contains_the_password(users: Rpc, database: Engine) -> None:
    users("users.register", request_key="once", **ADA)
    with database.connect() as connection:
        for table in ("users", "handled_requests", "outbox"):
            assert "stone" not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
