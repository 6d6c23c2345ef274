"""An account's history: what happened to it, for its owner."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Unauthenticated
from chassis.ids import first_id
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, STAFF, WRONG_PASSWORD, LogIn, NewUser, User
from users.accounts import history
from users.models import AccountEvent


def events(users: Rpc, user: User, **request: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = users("users.account_events", user.caller, **request)["items"]
    return items


def kinds(users: Rpc, user: User) -> list[str]:
    return [event["kind"] for event in events(users, user)]


def test_login_is_recorded_with_its_session_address_and_program(users: Rpc, ada: User) -> None:
    client = {"address": "192.0.2.1", "user_agent": "curl/8.5.0"}
    users("users.login", username="ada", password=PASSWORD, **client)
    signed_in, *_, registered = events(users, ada)
    newest = users("users.sessions", ada.caller)["items"][0]
    assert signed_in == signed_in | {"kind": "signed_in", "session_id": newest["id"], **client}
    assert registered == registered | {"kind": "registered", "session_id": None, "address": None, "user_agent": None}


def test_failed_login_is_not_recorded(users: Rpc, ada: User) -> None:
    with suppress(Unauthenticated):
        users("users.login", username="ada", password=WRONG_PASSWORD)
    assert kinds(users, ada) == ["signed_in", "registered"]


def test_changes_of_the_account_are_recorded_with_the_session_that_made_them(users: Rpc, ada: User) -> None:
    changes: dict[str, Any] = {"username": "ada.l", "email": "ada.l@example.org", "phone": "+254711000009"}
    changes |= {"notify_by": [], "password": NEW_PASSWORD, "current_password": PASSWORD}
    users("users.update_account", ada.caller, **changes)
    recorded = events(users, ada)[:4]
    expected = {"username_changed", "email_changed", "phone_changed", "password_changed"}
    assert {event["kind"] for event in recorded} == expected
    assert {event["session_id"] for event in recorded} == {ada.session_id}


def test_update_with_the_same_values_is_not_recorded(users: Rpc, ada: User) -> None:
    users("users.update_account", ada.caller, username="ada", email="ada@example.org", phone=None)
    assert kinds(users, ada) == ["signed_in", "registered"]


def test_ends_of_sessions_are_recorded(users: Rpc, ada: User, log_in: LogIn) -> None:
    second, third = log_in("ada"), log_in("ada")
    users("users.end_session", ada.caller, id=second.session_id)
    users("users.logout", third.caller)
    users("users.logout", ada.caller, everywhere=True)
    again = log_in("ada")
    assert kinds(users, again)[:4] == ["signed_in", "sessions_ended", "signed_out", "sessions_ended"]


def test_what_staff_and_operators_do_is_recorded_without_a_session(users: Rpc, ada: User, log_in: LogIn) -> None:
    users("users.set_staff", OPERATOR, username="ada", is_staff=True)
    users("users.unlock", OPERATOR, username="ada")
    users("users.deactivate", STAFF, id=ada.id)
    users("users.deactivate", STAFF, id=ada.id)  # changes nothing
    users("users.reactivate", STAFF, id=ada.id)
    recorded = events(users, log_in("ada"))[1:5]
    assert [event["kind"] for event in recorded] == ["reopened", "closed", "unlocked", "staff_granted"]
    assert {event["session_id"] for event in recorded} == {None}


def test_pages_are_newest_first_and_of_the_caller_only(users: Rpc, ada: User, new_user: NewUser) -> None:
    new_user("bob")
    first = users("users.account_events", ada.caller, limit=1)
    second = users("users.account_events", ada.caller, limit=1, cursor=first["next"])
    assert [page["items"][0]["kind"] for page in (first, second)] == ["signed_in", "registered"]
    assert second["next"] is None


def test_events_are_deleted_after_90_days(users: Rpc, ada: User, database: Engine) -> None:
    old = first_id(clock.now() - history.KEEP - timedelta(minutes=1))
    with Session(database) as session:
        session.add(AccountEvent(id=old, user_id=ada.id, kind="signed_in"))
        session.flush()
        assert history.delete_old(session, 10) == 1
        session.commit()
    assert kinds(users, ada) == ["signed_in", "registered"]


def test_events_are_deleted_with_the_account(users: Rpc, ada: User, database: Engine) -> None:
    users("users.delete_account", ada.caller, password=PASSWORD)
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(AccountEvent)) == 0
