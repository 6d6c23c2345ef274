"""Codes arrive by mail, verify an address, and set a new password. Nothing else goes to an unverified address."""

import secrets

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.fakes import SETS_PASSWORD, mails_to, wait_for_code
from tests.e2e.support.frames import close_code, receive, receive_notification
from tests.e2e.support.operator import Operator
from tests.e2e.support.responses import check_problem

OF_EACH_RESPONSE = {"Date", "X-RateLimit-Reset", "X-Request-ID"}
NEW_PASSWORD = "a brand new passphrase"


def test_address_is_verified_by_the_code_that_the_registration_sends(new_user: NewClient, platform: Instance) -> None:
    user = new_user(verified=False)
    code = wait_for_code(platform.environment, user.email)
    check_problem(user.post("/verification/confirm/", {"channel": "email", "code": "x"}), 422)
    response = user.post("/verification/confirm/", {"channel": "email", "code": code})
    assert response.json()["email_verified_at"]
    check_problem(user.post("/verification/", {"channel": "email"}), 409)


def test_code_can_be_asked_for_again(new_user: NewClient, platform: Instance) -> None:
    user = new_user()
    user.put("/update-account/", {"email": f"new_{user.email}"})
    assert user.post("/verification/", {"channel": "email"}).status_code == 202
    code = wait_for_code(platform.environment, f"new_{user.email}")
    assert user.post("/verification/confirm/", {"channel": "email", "code": code}).json()["email_verified_at"]


def test_forgotten_password_is_replaced_and_websockets_close(
    new_user: NewClient, new_client: NewClient, platform: Instance
) -> None:
    user, anonymous = new_user(), new_client()
    websocket = user.connect()
    assert receive(websocket)["type"] == "ready"
    assert anonymous.post("/password-reset/", {"email": user.email}).status_code == 202
    code = wait_for_code(platform.environment, user.email, SETS_PASSWORD)
    reset = {"email": user.email, "code": code, "password": NEW_PASSWORD}
    assert anonymous.post("/password-reset/confirm/", reset).status_code == 204
    assert close_code(websocket) == 1008
    check_problem(user.get("/sessions/"), 401)
    login = {"username": user.username, "password": NEW_PASSWORD}
    assert anonymous.post("/login/", login).status_code == 200
    check_problem(anonymous.post("/password-reset/confirm/", reset), 422)


def answer(client: Client, email: str) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and headers of a request for a new password, without the id and the times of the response."""
    response: requests.Response = client.post("/password-reset/", {"email": email})
    headers = {name: value for name, value in response.headers.items() if name not in OF_EACH_RESPONSE}
    return response.status_code, response.content, headers


def test_password_reset_has_the_same_answer_for_every_kind_of_account(
    new_user: NewClient, new_client: NewClient, operator: Operator
) -> None:
    verified, unverified, closed = new_user(), new_user(verified=False), new_user()
    operator("users.set_active", username=closed.username, is_active=False)
    unknown = f"unknown_{secrets.token_hex(6)}@example.org"
    emails = [verified.email, unverified.email, closed.email, unknown]
    answers = [answer(new_client(), email) for email in emails]
    assert answers == [answers[0]] * 4
    assert answers[0][:2] == (202, b"{}")


def test_code_for_a_password_goes_to_verified_addresses_of_open_accounts_only(
    new_user: NewClient, new_client: NewClient, platform: Instance
) -> None:
    verified, unverified = new_user(), new_user(verified=False)
    anonymous = new_client()
    wait_for_code(platform.environment, unverified.email)
    for email in (unverified.email, anonymous.email, verified.email):
        assert anonymous.post("/password-reset/", {"email": email}).status_code == 202
    wait_for_code(platform.environment, verified.email, SETS_PASSWORD)  # codes are sent in their order
    mailbox = platform.environment["BARAZA_MAILBOX"]
    assert SETS_PASSWORD not in requests.get(f"{mailbox}/newest", {"to": unverified.email}, timeout=10).text
    assert requests.get(f"{mailbox}/newest", {"to": anonymous.email}, timeout=10).status_code == 404


def test_unverified_address_gets_no_notification_and_the_screen_does(new_user: NewClient, platform: Instance) -> None:
    author, reader = new_user(), new_user(verified=False)
    websocket = reader.connect()
    assert receive(websocket)["type"] == "ready"
    author.create_post("not by mail")
    assert receive_notification(websocket)["message"] == "not by mail"
    notification = reader.inbox()["items"][0]["id"]

    def cancelled() -> bool:
        (delivery,) = reader.get(f"/notifications/detail/{notification}/").json()["deliveries"]
        return (delivery["status"], delivery["last_error"]) == ("cancelled", "the address is not verified")

    until(cancelled, "the delivery to be cancelled", 30)
    assert mails_to(platform.environment, reader.email) == []
