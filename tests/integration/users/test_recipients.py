from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import is_id
from chassis.errors import Forbidden
from chassis.ids import new_id
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import MakePerson, Person

Active = Callable[..., list[str]]


@pytest.fixture
def active(users: Rpc, notifications: Caller) -> Active:
    """The names of who was active."""

    def active(as_of: datetime, people: Iterable[Person], **request: Any) -> list[str]:
        names = {person.id: person.account["username"] for person in people}
        page = users("users.active_recipients", notifications, as_of=as_of.isoformat(), **request)
        return [names[item["id"]] for item in page["items"]]

    return active


def test_active_are_those_who_were_signed_in_at_the_moment(users: Rpc, person: MakePerson, active: Active) -> None:
    before = clock.now()
    people = [_, ben] = [person("ada"), person("ben")]
    both = clock.now()
    users("users.logout", ben.caller)
    assert active(before, people) == []
    assert active(both, people) == ["ada", "ben"]
    assert active(clock.now(), people) == ["ada"]


def test_who_registered_and_never_signed_in_is_not_active(users: Rpc, active: Active) -> None:
    users("users.register", username="ada", email="ada@example.org", password="a bench of stone")
    assert active(clock.now(), []) == []


def test_an_expired_session_makes_nobody_active(person: MakePerson, active: Active, database: Engine) -> None:
    ada = person("ada")
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = now()")
    assert active(clock.now(), [ada]) == []


def test_a_closed_account_was_active_before_and_is_not_after(
    users: Rpc, person: MakePerson, operator: Caller, active: Active
) -> None:
    ada = person("ada")
    open_then = clock.now()
    users("users.set_active", operator, username="ada", is_active=False)
    assert active(open_then, [ada]) == ["ada"]
    assert active(clock.now(), [ada]) == []


def test_a_user_with_two_sessions_is_told_once(person: MakePerson, sign_in: MakePerson, active: Active) -> None:
    ada = person("ada")
    sign_in("ada")
    assert active(clock.now(), [ada]) == ["ada"]


def test_the_question_may_be_about_some_only(person: MakePerson, active: Active) -> None:
    people = [_, ben] = [person("ada"), person("ben")]
    assert active(clock.now(), people, ids=[ben.id, new_id()]) == ["ben"]


def test_pages_cover_everybody_once_with_how_they_want_to_be_told(
    users: Rpc, person: MakePerson, notifications: Caller
) -> None:
    people = [person("ada", notify_by=["email"]), person("ben", notify_by=[]), person("cleo")]
    request: dict[str, Any] = {"as_of": clock.now().isoformat(), "limit": 2}
    first = users("users.active_recipients", notifications, **request)
    second = users("users.active_recipients", notifications, **request, after=first["next"])
    expected = [{"id": person.id, "notify_by": person.account["notify_by"]} for person in people]
    assert first["items"] + second["items"] == expected
    assert second["next"] is None


def test_contacts_are_the_addresses_of_now_and_of_open_accounts(
    users: Rpc, person: MakePerson, operator: Caller, deliveries: Caller
) -> None:
    ada, ben = person("ada", phone="+254711000001"), person("ben")
    users("users.set_active", operator, username="ben", is_active=False)
    users("users.update_account", ada.caller, email="ada@example.com", notify_by=["sms"])
    (contact,) = users("users.contacts", deliveries, ids=[ada.id, ben.id, new_id()])["items"]
    assert is_id(contact.pop("unsubscribe_token"))
    assert contact == {
        "id": ada.id,
        "username": "ada",
        "email": "ada@example.com",
        "phone": "+254711000001",
        "notify_by": ["sms"],
    }


def test_profiles_are_of_closed_accounts_too(users: Rpc, person: MakePerson, operator: Caller) -> None:
    ada = person("ada")
    users("users.set_active", operator, username="ada", is_active=False)
    assert users("users.profiles", ids=[ada.id, new_id()])["items"] == [ada.profile]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("active_recipients", {"as_of": "2026-01-01T00:00:00Z"}), ("contacts", {"ids": []})],
)
def test_presence_is_for_notifications_and_addresses_for_deliveries_only(
    users: Rpc, person: MakePerson, method: str, arguments: dict[str, Any]
) -> None:
    for caller in (GATEWAY, person("ada").caller):
        with pytest.raises(Forbidden):
            users(f"users.{method}", caller, **arguments)


def test_active_recipients_come_in_pages_each_once(users: Rpc, notifications: Caller, database: Engine) -> None:
    fill(database, 4_000)
    request: dict[str, Any] = {"as_of": clock.now().isoformat(), "limit": 300}
    seen: list[str] = []
    after = None
    while True:
        page = users("users.active_recipients", notifications, **request, after=after)
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(set(seen)) == len(seen) == 2_000


def fill(database: Engine, count: int) -> None:
    """Half of them have a live session, the others one that was revoked."""
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
