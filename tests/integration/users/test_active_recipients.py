from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis import clock
from chassis.auth.caller import Caller
from chassis.ids import new_id
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import LoggedInUser, LogIn, NewUser

Active = Callable[..., list[str]]


@pytest.fixture
def active(users: Rpc, notifications: Caller) -> Active:
    """Return the ids of the users who were active at a time."""

    def active(as_of: datetime, **request: Any) -> list[str]:
        page = users("users.active_recipients", notifications, as_of=as_of.isoformat(), **request)
        return [item["id"] for item in page["items"]]

    return active


def test_users_with_a_live_session_at_the_time_are_active(users: Rpc, new_user: NewUser, active: Active) -> None:
    before = clock.now()
    ada, ben = new_user("ada"), new_user("ben")
    both_logged_in = clock.now()
    users("users.logout", ben.caller)
    assert active(before) == []
    assert active(both_logged_in) == [ada.id, ben.id]
    assert active(clock.now()) == [ada.id]


def test_user_without_a_login_is_not_active(users: Rpc, active: Active) -> None:
    users("users.register", username="ada", email="ada@example.org", password="a bench of stone")
    assert active(clock.now()) == []


@pytest.mark.usefixtures("ada")
def test_user_with_an_expired_session_is_not_active(active: Active, database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = now()")
    assert active(clock.now()) == []


def test_closed_account_is_active_until_the_time_of_its_closing(
    users: Rpc, ada: LoggedInUser, operator: Caller, active: Active
) -> None:
    before = clock.now()
    users("users.set_active", operator, username="ada", is_active=False)
    assert active(before) == [ada.id]
    assert active(clock.now()) == []


def test_user_with_two_sessions_is_returned_once(ada: LoggedInUser, log_in: LogIn, active: Active) -> None:
    log_in("ada")
    assert active(clock.now()) == [ada.id]


@pytest.mark.usefixtures("ada")
def test_ids_restrict_the_recipients(new_user: NewUser, active: Active) -> None:
    ben = new_user("ben")
    assert active(clock.now(), ids=[ben.id, new_id()]) == [ben.id]


def test_pages_have_every_user_once_with_the_chosen_channels(
    users: Rpc, new_user: NewUser, notifications: Caller
) -> None:
    active = [new_user("ada", notify_by=["email"]), new_user("ben", notify_by=[]), new_user("cleo")]
    request: dict[str, Any] = {"as_of": clock.now().isoformat(), "limit": 2}
    first = users("users.active_recipients", notifications, **request)
    second = users("users.active_recipients", notifications, **request, after=first["next"])
    expected = [{"id": user.id, "notify_by": user.account["notify_by"]} for user in active]
    assert first["items"] + second["items"] == expected
    assert second["next"] is None


def test_many_recipients_are_read_page_by_page(users: Rpc, notifications: Caller, database: Engine) -> None:
    insert_users(database, 4_000)
    request: dict[str, Any] = {"as_of": clock.now().isoformat(), "limit": 300}
    ids: list[str] = []
    after = None
    while True:
        page = users("users.active_recipients", notifications, **request, after=after)
        ids += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(set(ids)) == len(ids) == 2_000


def insert_users(database: Engine, count: int) -> None:
    """Insert users: half of them have a live session, the others a revoked one."""
    with database.begin() as connection:
        connection.exec_driver_sql(
            """
            INSERT INTO users (id, username, username_key, email, email_key, notify_by, password_hash,
                               password_changed_at, is_active, is_staff, created_at)
            SELECT lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000', 'user' || n, 'user' || n,
                   n || '@example.org', n || '@example.org', '["realtime","email"]', '', now(), true, false, now()
            FROM generate_series(1, %(count)s) AS n
            """,
            {"count": count},
        )
        connection.exec_driver_sql(
            """
            INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, revoked_at)
            SELECT id, id, id, now(), now() + interval '30 days', CASE WHEN right(username, 1) > '4' THEN now() END
            FROM users
            """
        )
        connection.exec_driver_sql("ANALYZE users, sessions")
