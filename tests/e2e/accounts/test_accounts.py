"""Accounts: registration, profile, password, deactivation and deletion."""

import secrets
from typing import Any

import pytest

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, NewClient
from tests.e2e.support.fakes import mails_to
from tests.e2e.support.responses import check_problem, invalid_fields

LIMIT = 30  # seconds

INVALID_FIELDS = [
    ({"username": "ab"}, "username"),
    ({"username": "a" * 31}, "username"),
    ({"username": "with space"}, "username"),
    ({"username": "dröge"}, "username"),
    ({"email": "not-an-address"}, "email"),
    ({"email": "a@b"}, "email"),
    ({"email": "a@example.org\nBcc: x@example.org"}, "email"),
    ({"email": "ü@example.org"}, "email"),
    ({"password": "short"}, "password"),
    ({"password": "x" * 129}, "password"),
    ({"password": "password1"}, "password"),
    ({"phone": "0711"}, "phone"),
    ({"phone": 254711}, "phone"),
    ({"notify_by": ["pigeon"]}, "notify_by.0"),
    ({"notify_by": ["sms"]}, "notify_by"),
    ({"notify_by": "email"}, "notify_by"),
    ({"username": "nul\0nul"}, "username"),
]


@pytest.mark.parametrize(("invalid", "field"), INVALID_FIELDS)
def test_registration_names_the_invalid_field(new_client: NewClient, invalid: dict[str, Any], field: str) -> None:
    client = new_client()
    body = {"username": client.username, "email": client.email, "password": PASSWORD} | invalid
    assert set(invalid_fields(client.post("/register/", body))) == {field}


def test_mail_to_an_international_domain_arrives_at_a_server_without_smtputf8(
    platform: Instance, new_user: NewClient
) -> None:
    name = secrets.token_hex(6)
    new_user(email=f"{name}@bücher.example.org")
    new_user().create_post("Karibu")
    until(lambda: bool(mails_to(platform.environment, f"{name}@xn--bcher-kva.example.org")), "the mail", 30)


def test_update_rejects_an_address_that_needs_smtputf8(new_user: NewClient) -> None:
    assert set(invalid_fields(new_user().put("/update-account/", {"email": "ü@example.org"}))) == {"email"}


def test_username_and_email_are_unique_ignoring_case(new_client: NewClient) -> None:
    first, second = new_client(), new_client()
    first.register()
    taken = {"username": first.username.upper(), "email": second.email, "password": PASSWORD}
    assert check_problem(second.post("/register/", taken), 409)["errors"][0]["field"] == "username"
    taken = {"username": second.username, "email": first.email.upper(), "password": PASSWORD}
    assert check_problem(second.post("/register/", taken), 409)["errors"][0]["field"] == "email"


def test_account_is_complete_for_its_owner_and_a_profile_for_others(new_user: NewClient) -> None:
    owner, other = new_user(phone=None), new_user()
    account = owner.get(f"/users/detail/{owner.id}/").json()
    of_owner = {"email", "phone", "notify_by", "is_active", "is_staff", "second_factor"}
    of_owner |= {"email_verified_at", "phone_verified_at"}
    assert set(account) == {"id", "username", "created_at"} | of_owner
    assert set(other.get(f"/users/detail/{owner.id}/").json()) == {"id", "username", "created_at"}
    listed = other.get("/users/all/?limit=2").json()
    assert all(set(profile) == {"id", "username", "created_at"} for profile in listed["items"])


def test_new_password_requires_the_current_one_and_ends_other_sessions(new_user: NewClient) -> None:
    user = new_user()
    other_session = {"Authorization": f"Bearer {user.token}"}
    user.login()
    new = {"password": "a brand new passphrase"}
    assert "current_password" in invalid_fields(user.put("/update-account/", new))
    assert "current_password" in invalid_fields(user.put("/update-account/", new | {"current_password": "wrong one"}))
    assert user.put("/update-account/", new | {"current_password": PASSWORD}).status_code == 200
    check_problem(user.get("/users/all/", headers=other_session), 401)
    assert user.get("/users/all/").status_code == 200


def test_only_staff_close_accounts_and_login_then_fails_like_a_wrong_password(
    new_user: NewClient, new_staff: NewClient
) -> None:
    user, staff = new_user(), new_staff()
    assert user.post(f"/users/deactivate/{staff.id}/").status_code == 403
    assert staff.post(f"/users/deactivate/{user.id}/").json()["is_active"] is False
    login = {"username": user.username, "password": PASSWORD}
    rejected, wrong = user.post("/login/", login), user.post("/login/", login | {"password": "something else"})
    assert rejected.status_code == wrong.status_code == 401
    assert rejected.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}
    assert staff.post(f"/users/reactivate/{user.id}/").json()["is_active"] is True
    user.login()


def test_deleted_account_is_erased_in_every_service(
    new_user: NewClient, new_client: NewClient, new_staff: NewClient
) -> None:
    author, reader, staff = new_user(), new_user(), new_staff()
    post = author.create_post("Delete this with me.")
    until(lambda: post["text"] in str(reader.inbox()), "the notification", LIMIT)
    assert reader.get(f"/post-detail/{post['id']}/").status_code == 200

    wrong = author.delete("/account/", {"password": "not mine"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "password")
    assert author.delete("/account/", {"password": PASSWORD}).status_code == 204

    until(lambda: reader.get(f"/post-detail/{post['id']}/").status_code == 404, "the post to be deleted", LIMIT)
    until(lambda: author.username not in str(reader.inbox()), "the username to be erased from the inbox", LIMIT)
    assert post["text"] not in str(reader.inbox())
    assert reader.get(f"/users/detail/{author.id}/").status_code == 404
    message = {"user_id": author.id, "message": "Are you there?"}
    assert staff.post("/send-notification/", message).json()["code"] == "recipient_not_active"
    successor = new_client()
    successor.username = author.username
    successor.register()
    assert successor.id != author.id
