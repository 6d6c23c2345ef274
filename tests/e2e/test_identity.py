"""Sessions and accounts over HTTP: listed, ended, closed, deleted; and what ends counts at once everywhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dev.machine.waiting import until
from tests.e2e.support.person import PASSWORD, Person, closed_with, received

Make = Callable[..., Person]
Operator = Callable[..., Any]

HTTP, SOCKETS = 1, 2  # seconds in which the end of a session counts
NEW_PASSWORD = {"password": "a brand new passphrase", "current_password": PASSWORD}


@dataclass(frozen=True)
class Stage:
    """A user whose session ends, the same user with another session, and those who may end it."""

    person: Person
    elsewhere: Person
    staff: Person
    operator: Operator


ENDS: dict[str, Callable[[Stage], Any]] = {
    "logout": lambda on: on.person.post("/logout/"),
    "logout everywhere": lambda on: on.elsewhere.post("/logout/?everywhere=true"),
    "ended from the list": lambda on: on.elsewhere.delete(f"/sessions/{current(on.person)['id']}/"),
    "a new password": lambda on: on.elsewhere.put("/update-account/", NEW_PASSWORD),
    "closed by staff": lambda on: on.staff.post(f"/users/deactivate/{on.person.id}/"),
    "closed by operators": lambda on: on.operator("users.set_active", username=on.person.name, is_active=False),
    "account deleted": lambda on: on.elsewhere.delete("/users/account/", {"password": PASSWORD}),
}


def current(person: Person) -> dict[str, Any]:
    sessions: list[dict[str, Any]] = person.get("/sessions/").json()["items"]
    return next(session for session in sessions if session["current"])


@pytest.fixture
def staff(new_user: Make, operator: Operator) -> Person:
    person = new_user()
    operator("users.set_staff", username=person.name, is_staff=True)
    return person


@pytest.fixture
def stage(new_user: Make, visitor: Make, staff: Person, operator: Operator) -> Stage:
    person, elsewhere = new_user(), visitor()
    elsewhere.name = person.name
    elsewhere.login()
    return Stage(person, elsewhere, staff, operator)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_ended_session_is_rejected_at_once_and_its_websockets_close(stage: Stage, end: Callable[[Stage], Any]) -> None:
    socket = stage.person.listen()
    received(socket)
    end(stage)
    ended = time.monotonic()
    assert stage.person.get("/users/all/").status_code == 401
    assert time.monotonic() < ended + HTTP
    assert closed_with(socket, SOCKETS) == 1008
    assert time.monotonic() < ended + SOCKETS


def test_own_sessions_are_listed_in_pages_with_their_user_agents(new_user: Make) -> None:
    person = new_user()
    for number in range(3):
        login = {"username": person.name, "password": PASSWORD}
        assert person.post("/login/", login, headers={"User-Agent": f"program {number}"}).status_code == 200
    first = person.get("/users/sessions/?limit=3")
    assert first.links["next"]["url"].startswith("/users/sessions/?cursor=")
    rest = person.get(first.links["next"]["url"])
    items = first.json()["items"] + rest.json()["items"]
    assert [item["user_agent"] for item in items[:3]] == ["program 2", "program 1", "program 0"]
    assert [item["current"] for item in items] == [False, False, False, True]
    assert set(items[0]) == {"id", "created_at", "last_seen_at", "expires_at", "user_agent", "current"}
    assert rest.json()["next"] is None


def test_sessions_of_others_cannot_be_listed_or_ended(new_user: Make) -> None:
    owner, other = new_user(), new_user()
    session = current(owner)["id"]
    assert session not in other.get("/sessions/").text
    assert other.delete(f"/sessions/{session}/").status_code == 404
    assert other.delete("/sessions/nonsense/").status_code == 404
    assert owner.delete(f"/users/sessions/{session}/").status_code == 204
    assert owner.get("/sessions/").status_code == 401


def test_only_staff_close_accounts_and_login_then_fails_like_a_wrong_password(new_user: Make, staff: Person) -> None:
    person = new_user()
    assert person.post(f"/users/deactivate/{staff.id}/").status_code == 403
    assert staff.post(f"/users/deactivate/{person.id}/").json()["is_active"] is False
    login = {"username": person.name, "password": PASSWORD}
    rejected, wrong = person.post("/login/", login), person.post("/login/", login | {"password": "something else"})
    assert rejected.status_code == wrong.status_code == 401
    assert rejected.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}
    assert staff.post(f"/users/reactivate/{person.id}/").json()["is_active"] is True
    person.login()


def test_deleted_account_is_erased_in_every_service(new_user: Make, visitor: Make, staff: Person) -> None:
    author, reader = new_user(), new_user()
    post = author.writes("Remember me not.")
    until(lambda: post["text"] in str(reader.inbox()), "the reader's notification", 15)
    assert reader.get(f"/post-detail/{post['id']}/").status_code == 200

    wrong = author.delete("/account/", {"password": "not mine"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "password")
    assert author.delete("/account/", {"password": PASSWORD}).status_code == 204

    until(lambda: reader.get(f"/post-detail/{post['id']}/").status_code == 404, "the post to go", 15)
    until(lambda: author.name not in str(reader.inbox()), "the name to go from the inbox", 15)
    assert post["text"] not in str(reader.inbox())
    assert reader.get(f"/users/detail/{author.id}/").status_code == 404
    message = {"user_id": author.id, "message": "Are you there?"}
    assert staff.post("/send-notification/", message).json()["code"] == "recipient_not_active"
    again = visitor()
    again.name = author.name
    again.register()
    assert again.id != author.id
