from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from chassis.errors import Invalid, NotFound, Unauthenticated
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, PHONE, WRONG_PASSWORD, LogIn, NewUser, Redis, User


def all_rows(database: Engine) -> str:
    """Return the text of all rows except the outbox, whose rows are deleted when they are published."""
    with database.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"outbox"}
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608


def test_deletion_removes_all_personal_data_of_the_caller_only(users: Rpc, new_user: NewUser, database: Engine) -> None:
    ben, grace = new_user("ben"), new_user("grace", phone=PHONE)  # a name that no hexadecimal number contains
    with pytest.raises(Unauthenticated):
        users("users.login", username="grace", password=WRONG_PASSWORD)
    assert users("users.delete_account", grace.caller, password=PASSWORD) == {}
    rows = all_rows(database)
    assert [value for value in ("grace", PHONE, grace.id, grace.token_hash) if value in rows] == []
    assert users("users.authenticate", token_hash=ben.token_hash)


def test_deletion_ends_all_sessions_and_publishes_events(
    users: Rpc, ada: User, log_in: LogIn, redis: Redis, listen: Listen
) -> None:
    other = log_in("ada")
    events = listen("users")
    users("users.delete_account", ada.caller, password=PASSWORD)
    ended = events.next("session_ended")
    assert (ended["user_id"], set(ended["session_ids"])) == (ada.id, {ada.session_id, other.session_id})
    assert events.next("account_erased").keys() == {"id", "erased_at"}
    assert [redis.get(each.session_key) for each in (ada, other)] == ["", ""]


def test_deleted_account_is_treated_as_unknown(users: Rpc, ada: User, log_in: LogIn) -> None:
    users("users.delete_account", ada.caller, password=PASSWORD)
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=ada.token_hash)
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        log_in("ada")
    with pytest.raises(NotFound):
        users("users.detail", ada.caller, id=ada.id)


def test_requests_whose_account_was_deleted_meanwhile_are_unauthenticated(users: Rpc, ada: User) -> None:
    users("users.delete_account", ada.caller, password=PASSWORD)
    calls: dict[str, dict[str, Any]] = {
        "update_account": {"notify_by": ["email"]},
        "logout": {},
        "request_verification": {"channel": "email"},
        "identities": {},
        "remove_identity": {"id": ada.id},
        "begin_second_factor": {"password": PASSWORD},
        "confirm_second_factor": {"code": "123456"},
        "remove_second_factor": {"password": PASSWORD, "code": "123456"},
        "delete_account": {"password": PASSWORD},
    }
    for method, arguments in calls.items():
        with pytest.raises(Unauthenticated, match="invalid_token"):
            users(f"users.{method}", ada.caller, **arguments)


@pytest.mark.parametrize("given", [{"password": WRONG_PASSWORD}, {"password": ""}, {}])
def test_deletion_requires_the_password(users: Rpc, ada: User, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as error:
        users("users.delete_account", ada.caller, **given)
    assert [entry["field"] for entry in error.value.errors] == ["password"]
    assert users("users.authenticate", token_hash=ada.token_hash)
