"""Codes arrive by mail, verify an address, and set a new password."""

from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient
from tests.e2e.support.fakes import mails_to, wait_for_code
from tests.e2e.support.frames import close_code, receive
from tests.e2e.support.responses import check_problem

NEW_PASSWORD = "a brand new passphrase"


def test_address_is_verified_by_the_code_in_the_mail(new_user: NewClient, platform: Instance) -> None:
    user = new_user()
    assert user.post("/verification/", {"channel": "email"}).status_code == 202
    code = wait_for_code(platform.environment, user.email)
    check_problem(user.post("/verification/confirm/", {"channel": "email", "code": "x"}), 422)
    response = user.post("/verification/confirm/", {"channel": "email", "code": code})
    assert response.json()["email_verified_at"]
    check_problem(user.post("/verification/", {"channel": "email"}), 409)


def test_forgotten_password_is_replaced_and_websockets_close(
    new_user: NewClient, new_client: NewClient, platform: Instance
) -> None:
    user, anonymous = new_user(), new_client()
    websocket = user.connect()
    assert receive(websocket)["type"] == "ready"
    assert anonymous.post("/password-reset/", {"email": user.email}).status_code == 202
    code = wait_for_code(platform.environment, user.email)
    reset = {"email": user.email, "code": code, "password": NEW_PASSWORD}
    assert anonymous.post("/password-reset/confirm/", reset).status_code == 204
    assert close_code(websocket, 2) == 1008
    check_problem(user.get("/sessions/"), 401)
    login = {"username": user.username, "password": NEW_PASSWORD}
    assert anonymous.post("/login/", login).status_code == 200
    check_problem(anonymous.post("/password-reset/confirm/", reset), 422)


def test_unknown_name_gets_the_same_answer_and_no_mail(new_client: NewClient, platform: Instance) -> None:
    known, anonymous = new_client(), new_client()
    known.register()
    responses = [anonymous.post("/password-reset/", {"email": email}) for email in (anonymous.email, known.email)]
    assert [(response.status_code, response.content) for response in responses] == [(202, b"{}")] * 2
    wait_for_code(platform.environment, known.email)
    assert mails_to(platform.environment, anonymous.email) == []
