from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from chassis.auth.caller import Caller
from chassis.errors import Conflict, Invalid, Unauthenticated
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import (
    NEW_PASSWORD,
    PASSWORD,
    PHONE,
    WRONG_PASSWORD,
    NewUser,
    Redis,
    User,
)


def invalid_field(users: Rpc, user: User, **changes: Any) -> str:
    with pytest.raises(Invalid) as error:
        users("users.update_account", user.caller, **changes)
    return error.value.errors[0]["field"]


def without_time(account: dict[str, Any]) -> dict[str, Any]:
    """Return the account of a reply without the time of its name."""
    assert account.pop("username_changed_at")
    return account


def test_given_fields_change_and_the_others_do_not(users: Rpc, ada: User) -> None:
    assert without_time(users("users.update_account", ada.caller)) == ada.account
    changes: dict[str, Any] = {"email": "ada@example.com", "phone": PHONE, "notify_by": ["sms", "realtime"]}
    changed = ada.account | changes | {"email_verified_at": None}
    assert without_time(users("users.update_account", ada.caller, **changes)) == changed
    assert users("users.detail", ada.caller, id=ada.id) == changed


@pytest.mark.parametrize(
    ("changes", "field"), [({"notify_by": ["sms"], "phone": None}, "notify_by"), ({"phone": None}, "phone")]
)
def test_phone_cannot_be_removed_while_sms_needs_it(
    users: Rpc, new_user: NewUser, changes: dict[str, Any], field: str
) -> None:
    ada = new_user("ada", phone=PHONE, notify_by=["sms"])
    assert invalid_field(users, ada, **changes) == field


@pytest.mark.parametrize("field", ["username", "email", "phone"])
def test_taken_value_is_rejected_and_nothing_changes(users: Rpc, ada: User, new_user: NewUser, field: str) -> None:
    ben = new_user("ben", phone=PHONE)
    taken = {field: ben.account[field].upper()}
    with pytest.raises(Conflict, match=f"{field}_taken"):
        users("users.update_account", ada.caller, **taken, password=NEW_PASSWORD, current_password=PASSWORD)
    assert users("users.detail", ada.caller, id=ada.id) == ada.account


def test_new_username_is_in_the_session_cache_and_an_event(users: Rpc, ada: User, redis: Redis, listen: Listen) -> None:
    events = listen("users")
    users("users.update_account", ada.caller, username="lovelace")
    assert '"username":"lovelace"' in redis.get(ada.session_key)
    assert events.next("account_changed")["username"] == "lovelace"


def test_names_of_an_account_are_in_order_even_if_the_clock_goes_back(
    users: Rpc, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    future = clock.now() + timedelta(seconds=5)
    monkeypatch.setattr(clock, "now", lambda: future)
    first = users("users.update_account", ada.caller, username="first")["username_changed_at"]
    monkeypatch.undo()
    second = users("users.update_account", ada.caller, username="second")["username_changed_at"]
    unchanged = users("users.update_account", ada.caller, notify_by=[])["username_changed_at"]
    assert ada.account["created_at"] < first < second == unchanged


def test_event_and_profile_have_the_same_time_of_a_rename(users: Rpc, ada: User, listen: Listen) -> None:
    events = listen("users")
    account = users("users.update_account", ada.caller, username="lovelace")
    profile = users("users.profiles", Caller("gateway"), ids=[ada.id])["items"][0]
    changed_at = events.next("account_changed")["changed_at"]
    assert changed_at == account["username_changed_at"] == profile["username_changed_at"]


def test_case_of_the_own_username_can_change(users: Rpc, ada: User) -> None:
    assert users("users.update_account", ada.caller, username="ADA")["username"] == "ADA"


def test_new_password_ends_other_sessions(users: Rpc, ada: User, log_in: NewUser, redis: Redis, listen: Listen) -> None:
    other = log_in("ada")
    events = listen("users")
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert events.next("session_ended") == {"user_id": ada.id, "session_ids": [other.session_id]}
    assert redis.get(other.session_key) == ""
    assert users("users.authenticate", token_hash=ada.token_hash)
    assert log_in("ada", NEW_PASSWORD)
    with pytest.raises(Unauthenticated):
        log_in("ada", PASSWORD)


@pytest.mark.parametrize("current", [{}, {"current_password": None}, {"current_password": WRONG_PASSWORD}])
def test_new_password_requires_the_current_one(users: Rpc, ada: User, log_in: NewUser, current: dict[str, Any]) -> None:
    assert invalid_field(users, ada, password=NEW_PASSWORD, **current) == "current_password"
    assert log_in("ada", PASSWORD)


def test_new_password_must_not_be_the_new_username(users: Rpc, ada: User) -> None:
    changes = {"password": "Lovelace", "username": "lovelace", "current_password": PASSWORD}
    assert invalid_field(users, ada, **changes) == "password"


def test_repeated_change_of_password_returns_the_first_reply(users: Rpc, ada: User) -> None:
    change = {"password": NEW_PASSWORD, "current_password": PASSWORD}
    first = users("users.update_account", ada.caller, request_key="once", **change)
    assert users("users.update_account", ada.caller, request_key="once", **change) == first
