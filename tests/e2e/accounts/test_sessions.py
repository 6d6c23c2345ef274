"""Login, sessions and logout; the end of a session takes effect at once in all processes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.support.client import PASSWORD, Client, NewClient
from tests.e2e.support.frames import close_code, receive
from tests.e2e.support.operator import Operator
from tests.e2e.support.responses import check_problem

NEW_PASSWORD = {"password": "a brand new passphrase", "current_password": PASSWORD}


@dataclass(frozen=True)
class Sessions:
    """A session to be ended, another session of the same user, and those who may end it too."""

    user: Client
    other: Client
    staff: Client
    operator: Operator


END_SESSION: dict[str, Callable[[Sessions], Any]] = {
    "logout": lambda s: s.user.post("/logout/"),
    "logout everywhere": lambda s: s.other.post("/logout/?everywhere=true"),
    "ended from the list": lambda s: s.other.delete(f"/sessions/{current_session(s.user)['id']}/"),
    "new password": lambda s: s.other.put("/update-account/", NEW_PASSWORD),
    "deactivated by staff": lambda s: s.staff.post(f"/users/deactivate/{s.user.id}/"),
    "deactivated by operator": lambda s: s.operator("users.set_active", username=s.user.username, is_active=False),
    "account deleted": lambda s: s.other.delete("/users/account/", {"password": PASSWORD}),
}


def current_session(user: Client) -> dict[str, Any]:
    sessions: list[dict[str, Any]] = user.get("/sessions/").json()["items"]
    return next(session for session in sessions if session["current"])


@pytest.fixture
def sessions(new_user: NewClient, new_client: NewClient, new_staff: NewClient, operator: Operator) -> Sessions:
    user, other = new_user(), new_client()
    other.username = user.username
    other.login()
    return Sessions(user, other, new_staff(), operator)


@pytest.mark.parametrize("token", [None, "", "garbage", "a" * 43, "ü", "x" * 5000])
def test_protected_route_requires_a_valid_token(new_client: NewClient, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    response = new_client().get("/users/all/", headers=headers)
    check_problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_token_scheme_is_accepted_too(new_user: NewClient) -> None:
    user = new_user()
    assert user.get("/users/all/", headers={"Authorization": f"Token {user.token}"}).status_code == 200


def test_login_works_by_username_or_email(new_client: NewClient) -> None:
    user = new_client()
    user.register()
    for name in ({"username": user.username.upper()}, {"email": user.email}, {"username": user.email}):
        response = user.post("/login/", name | {"password": PASSWORD})
        assert response.status_code == 200
        assert set(response.json()) == {"token", "token_type", "expires_at", "user", "device_token"}


def test_unknown_user_and_wrong_password_get_the_same_response(new_client: NewClient) -> None:
    user = new_client()
    user.register()
    wrong = user.post("/login/", {"username": user.username, "password": "not the password"})
    unknown = user.post("/login/", {"username": "unknown_user", "password": "not the password"})
    documents = [check_problem(response, 401) | {"request_id": ""} for response in (wrong, unknown)]
    assert documents[0] == documents[1]


def test_logout_ends_its_own_session_or_all_sessions(new_user: NewClient) -> None:
    user = new_user()
    first = {"Authorization": f"Bearer {user.token}"}
    user.login()
    assert user.post("/logout/", headers=first).status_code == 204
    check_problem(user.get("/users/all/", headers=first), 401)
    assert user.get("/users/all/").status_code == 200
    assert user.post("/logout/?everywhere=true").status_code == 204
    check_problem(user.get("/users/all/"), 401)


@pytest.mark.parametrize("end", END_SESSION.values(), ids=END_SESSION)
def test_ended_session_is_rejected_at_once_and_its_websockets_close(
    sessions: Sessions, end: Callable[[Sessions], Any]
) -> None:
    websocket = sessions.user.connect()
    receive(websocket)
    end(sessions)
    assert sessions.user.get("/users/all/").status_code == 401
    assert close_code(websocket) == 1008


def test_own_sessions_are_listed_in_pages_with_their_user_agents(new_user: NewClient) -> None:
    user = new_user()
    for number in range(3):
        login = {"username": user.username, "password": PASSWORD}
        assert user.post("/login/", login, headers={"User-Agent": f"program {number}"}).status_code == 200
    first = user.get("/users/sessions/?limit=3")
    assert first.links["next"]["url"].startswith("/users/sessions/?cursor=")
    rest = user.get(first.links["next"]["url"])
    items = first.json()["items"] + rest.json()["items"]
    assert [item["user_agent"] for item in items[:3]] == ["program 2", "program 1", "program 0"]
    assert [item["current"] for item in items] == [False, False, False, True]
    assert set(items[0]) == {"id", "created_at", "last_seen_at", "expires_at", "user_agent", "current"}
    assert rest.json()["next"] is None


def test_sessions_of_others_cannot_be_listed_or_ended(new_user: NewClient) -> None:
    owner, other = new_user(), new_user()
    session = current_session(owner)["id"]
    assert session not in other.get("/sessions/").text
    assert other.delete(f"/sessions/{session}/").status_code == 404
    assert other.delete("/sessions/nonsense/").status_code == 404
    assert owner.delete(f"/users/sessions/{session}/").status_code == 204
    assert owner.get("/sessions/").status_code == 401
