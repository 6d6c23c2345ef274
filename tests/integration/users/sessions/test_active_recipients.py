from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis import clock
from chassis.ids import new_id
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import NOTIFICATIONS, PASSWORD, LogIn, NewUser, User

Active = Callable[..., list[str]]


@pytest.fixture
def active(users: Rpc) -> Active:
    """Return the ids of the users who were active at a time."""

    def active(as_of: datetime, **request: Any) -> list[str]:
        page = users("users.active_recipients", NOTIFICATIONS, as_of=as_of.isoformat(), **request)
        return [item["id"] for item in page["items"]]

    return active


def test_users_with_a_live_session_at_the_time_are_active(users: Rpc, new_user: NewUser, active: Active) -> None:
    before = clock.now()
    users("users.register", username="cleo", email="cleo@example.org", password=PASSWORD)
    ada, ben = new_user("ada"), new_user("ben")
    both_logged_in = clock.now()
    users("users.logout", ben.caller)
    assert active(before) == []
    assert active(both_logged_in) == [ada.id, ben.id]
    assert active(clock.now()) == [ada.id]


@pytest.mark.usefixtures("ada")
def test_user_with_an_expired_session_is_not_active(active: Active, database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = now()")
    assert active(clock.now()) == []


def test_closed_account_is_active_until_the_time_of_its_closing(users: Rpc, ada: User, active: Active) -> None:
    before = clock.now()
    users("users.set_active", OPERATOR, username="ada", is_active=False)
    assert active(before) == [ada.id]
    assert active(clock.now()) == []


@pytest.mark.usefixtures("ada")
def test_ids_restrict_the_recipients(new_user: NewUser, active: Active) -> None:
    ben = new_user("ben")
    assert active(clock.now(), ids=[ben.id, new_id()]) == [ben.id]


def test_pages_have_every_user_once_with_the_chosen_channels(users: Rpc, new_user: NewUser, log_in: LogIn) -> None:
    active = [new_user("ada", notify_by=["email"]), new_user("ben", notify_by=[]), new_user("cleo")]
    log_in("ada")
    log_in("cleo")
    request: dict[str, Any] = {"as_of": clock.now().isoformat(), "limit": 2}
    first = users("users.active_recipients", NOTIFICATIONS, **request)
    second = users("users.active_recipients", NOTIFICATIONS, **request, after=first["next"])
    expected = [{"id": user.id, "notify_by": user.account["notify_by"]} for user in active]
    assert first["items"] + second["items"] == expected
    assert second["next"] is None


def test_users_who_were_not_active_at_all_moments_are_listed_with_the_others(
    users: Rpc, new_user: NewUser, log_in: LogIn
) -> None:
    moments = [clock.now()]

    def next_moment() -> None:
        moments.append(clock.now())

    always = new_user("ada")
    left, back, gone = new_user("ben"), new_user("cem"), new_user("dia")
    next_moment()
    users("users.logout", left.caller)
    users("users.logout", back.caller)
    users("users.set_active", OPERATOR, username="dia", is_active=False)
    next_moment()
    log_in("cem")
    next_moment()
    times = [moment.isoformat() for moment in moments[1:]]
    page = users("users.active_recipients", NOTIFICATIONS, as_of=times[0], moments=times)
    assert [item["id"] for item in page["items"]] == [always.id, left.id, back.id, gone.id]
    assert page["inactive"] == {left.id: [1, 2], back.id: [1], gone.id: [1, 2]}
    page = users("users.active_recipients", NOTIFICATIONS, as_of=times[1], moments=times[1:2])
    assert ([item["id"] for item in page["items"]], page["inactive"]) == ([always.id], {})


def test_groups_have_the_same_users_by_their_channels(users: Rpc, new_user: NewUser) -> None:
    moments = [clock.now().isoformat()]
    ada, ben = new_user("ada", notify_by=["email"]), new_user("ben", notify_by=[])
    cem, gone = new_user("cem", notify_by=["email"]), new_user("dia", notify_by=["email"])
    moments.append(clock.now().isoformat())
    users("users.set_active", OPERATOR, username="dia", is_active=False)
    moments.append(clock.now().isoformat())
    page = users("users.active_recipients", NOTIFICATIONS, as_of=moments[2], grouped=True, limit=2)
    assert page["groups"] == [{"ids": [ada.id], "notify_by": ["email"]}, {"ids": [ben.id], "notify_by": []}]
    assert (page["items"], page["next"]) == ([], ben.id)
    page = users("users.active_recipients", NOTIFICATIONS, as_of=moments[1], moments=moments[1:], grouped=True)
    assert [group["ids"] for group in page["groups"]] == [[ada.id, cem.id, gone.id], [ben.id]]
    assert page["inactive"] == {gone.id: [1]}


def test_larger_page_replaces_the_limit(users: Rpc, new_user: NewUser) -> None:
    active = [new_user(name).id for name in ("ada", "ben", "cem")]
    page = users("users.active_recipients", NOTIFICATIONS, as_of=clock.now().isoformat(), limit=1, page=2)
    assert [item["id"] for item in page["items"]] == active[:2]
