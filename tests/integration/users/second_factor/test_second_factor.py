"""A second factor is added, asked for at logins, and removed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import eventlet
import pyotp
import pytest

from chassis import clock
from chassis.errors import Conflict, Invalid, NotFound, ServiceError, TooManyRequests, Unauthenticated
from tests.integration.conftest import Settings
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, WRONG_PASSWORD, User
from users import contract
from users.second_factor import codes

STEP = timedelta(seconds=codes.STEP)


@dataclass
class App:
    """An authenticator app, with the recovery codes of its account."""

    secret: str
    recovery_codes: list[str]

    def code(self, later: timedelta = timedelta()) -> str:
        return pyotp.TOTP(self.secret).at(clock.now() + later)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of codes in the middle of a time step."""
    now = clock.now()
    middle = now - timedelta(seconds=now.timestamp() % codes.STEP) + STEP / 2
    monkeypatch.setattr(clock, "now", lambda: middle)


@pytest.fixture
def app(users: Rpc, ada: User) -> App:
    """Add a second factor to ada's account; its current code is used up."""
    secret = users("users.begin_second_factor", ada.caller, password=PASSWORD)["secret"]
    code = pyotp.TOTP(secret).at(clock.now())
    return App(secret, users("users.confirm_second_factor", ada.caller, code=code)["recovery_codes"])


def login_error(users: Rpc, **request: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        users("users.login", username="ada", **{"password": PASSWORD} | request)
    return caught.value.code


def test_login_without_a_code_is_rejected_as_unauthenticated(users: Rpc, app: App) -> None:  # noqa: ARG001 - the app is added
    with pytest.raises(Unauthenticated) as caught:
        users("users.login", username="ada", password=PASSWORD)
    assert caught.value.code == "second_factor_required"


def test_login_with_a_code_of_the_app_starts_a_session(users: Rpc, app: App) -> None:
    session = users("users.login", username="ada", password=PASSWORD, otp=app.code(STEP))
    assert session["user"]["second_factor"] is True
    assert users("users.authenticate", token_hash=contract.token_hash(session["token"]))["username"] == "ada"


def test_each_code_is_accepted_once(users: Rpc, app: App) -> None:
    assert login_error(users, otp=app.code()) == "bad_code"  # confirmed the second factor
    users("users.login", username="ada", password=PASSWORD, otp=app.code(STEP))
    assert login_error(users, otp=app.code(STEP)) == "bad_code"


def test_one_code_at_two_logins_at_once_starts_one_session(users: Rpc, app: App) -> None:
    def log_in() -> bool:
        try:
            users("users.login", username="ada", password=PASSWORD, otp=app.code(STEP))
        except Unauthenticated:
            return False
        return True

    logins = [eventlet.spawn(log_in) for _ in range(4)]
    assert sorted(login.wait() for login in logins) == [False, False, False, True]


@pytest.mark.parametrize("steps", [-2, 2])
def test_code_of_a_clock_that_differs_by_more_than_a_step_is_rejected(users: Rpc, app: App, steps: int) -> None:
    assert login_error(users, otp=app.code(steps * STEP)) == "bad_code"


@pytest.mark.parametrize("code", ["000000", "1", "١٢٣٤٥٦", "x" * 40])
def test_wrong_code_is_rejected_as_bad_code(users: Rpc, app: App, code: str) -> None:  # noqa: ARG001 - the app is added
    assert login_error(users, otp=code) == "bad_code"


def test_wrong_password_with_a_right_code_is_rejected_as_wrong_password(users: Rpc, app: App) -> None:
    assert login_error(users, password=WRONG_PASSWORD, otp=app.code(STEP)) == "bad_credentials"
    users("users.login", username="ada", password=PASSWORD, otp=app.code(STEP))


def test_recovery_code_is_accepted_once_in_any_spelling(users: Rpc, app: App) -> None:
    code = app.recovery_codes[0]
    users("users.login", username="ada", password=PASSWORD, otp=code.upper().replace("-", " "))
    assert login_error(users, otp=code) == "bad_code"
    assert len({*app.recovery_codes}) == codes.RECOVERY_CODES


def test_wrong_codes_count_as_wrong_passwords_also_between_logins_without_a_code(users: Rpc, app: App) -> None:
    for _ in range(9):  # the tenth login delays the next one of an unknown client
        assert login_error(users, otp="000000") == "bad_code"
        assert login_error(users) == "second_factor_required"
    with pytest.raises(TooManyRequests):
        users("users.login", username="ada", password=PASSWORD, otp=app.code(STEP))


def test_logins_in_two_requests_are_not_counted(users: Rpc, app: App) -> None:
    device: dict[str, Any] = {}
    for code in app.recovery_codes:
        for _ in range(3):
            assert login_error(users, **device) == "second_factor_required"
        session = users("users.login", username="ada", password=PASSWORD, otp=code, **device)
        device = {"device_token": session["device_token"]}


def test_account_without_a_second_factor_needs_no_code(users: Rpc, ada: User) -> None:
    users("users.begin_second_factor", ada.caller, password=PASSWORD)  # not confirmed
    users("users.login", username="ada", password=PASSWORD)
    users("users.login", username="ada", password=PASSWORD, otp="123456")


def test_begin_with_a_wrong_password_is_rejected(users: Rpc, ada: User) -> None:
    with pytest.raises(Invalid, match="password"):
        users("users.begin_second_factor", ada.caller, password=WRONG_PASSWORD)


def test_second_begin_replaces_the_secret_until_it_is_confirmed(users: Rpc, ada: User) -> None:
    first, second = (users("users.begin_second_factor", ada.caller, password=PASSWORD)["secret"] for _ in range(2))
    with pytest.raises(Invalid, match="code"):
        users("users.confirm_second_factor", ada.caller, code=pyotp.TOTP(first).at(clock.now()))
    users("users.confirm_second_factor", ada.caller, code=pyotp.TOTP(second).at(clock.now()))
    with pytest.raises(Conflict) as caught:
        users("users.begin_second_factor", ada.caller, password=PASSWORD)
    assert caught.value.code == "second_factor_exists"


def test_confirmation_without_a_begin_is_a_conflict(users: Rpc, ada: User) -> None:
    with pytest.raises(Conflict) as caught:
        users("users.confirm_second_factor", ada.caller, code="123456")
    assert caught.value.code == "second_factor_not_begun"


def test_uri_names_platform_user_and_secret(users: Rpc, ada: User) -> None:
    begun = users("users.begin_second_factor", ada.caller, password=PASSWORD)
    app: Any = pyotp.parse_uri(begun["uri"])
    assert (app.issuer, app.name, app.secret) == ("Baraza", "ada", begun["secret"])


@pytest.mark.parametrize(("password", "right_code"), [(WRONG_PASSWORD, True), (PASSWORD, False)])
def test_removal_needs_password_and_code(users: Rpc, ada: User, app: App, password: str, right_code: bool) -> None:  # noqa: FBT001 - a case
    with pytest.raises(Invalid):
        users("users.remove_second_factor", ada.caller, password=password, code=app.code(STEP) if right_code else "1")
    assert login_error(users) == "second_factor_required"


def test_codes_for_a_removal_cannot_be_guessed(users: Rpc, ada: User, app: App) -> None:
    for _ in range(20):
        with pytest.raises(Invalid):
            users("users.remove_second_factor", ada.caller, password=PASSWORD, code="000000")
    with pytest.raises(TooManyRequests):
        users("users.remove_second_factor", ada.caller, password=PASSWORD, code=app.code(STEP))


@pytest.mark.parametrize("by_recovery_code", [True, False])
def test_after_the_removal_logins_need_no_code(users: Rpc, ada: User, app: App, by_recovery_code: bool) -> None:  # noqa: FBT001 - a case
    code = app.recovery_codes[0] if by_recovery_code else app.code(STEP)
    users("users.remove_second_factor", ada.caller, password=PASSWORD, code=code)
    assert users("users.login", username="ada", password=PASSWORD)["user"]["second_factor"] is False
    with pytest.raises(NotFound):
        users("users.remove_second_factor", ada.caller, password=PASSWORD, code=code)


def test_operator_removes_a_lost_second_factor(users: Rpc, ada: User, app: App) -> None:  # noqa: ARG001 - the app is added
    assert users("users.reset_second_factor", OPERATOR, username="ada")["second_factor"] is False
    users("users.login", username="ada", password=PASSWORD)
    with pytest.raises(NotFound):
        users("users.reset_second_factor", OPERATOR, username="ada")
    kinds = [event["kind"] for event in users("users.account_events", ada.caller)["items"]]
    assert kinds[:3] == ["signed_in", "second_factor_removed", "second_factor_added"]


def test_new_password_keeps_the_second_factor(users: Rpc, ada: User, app: App) -> None:
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert login_error(users, password=NEW_PASSWORD) == "second_factor_required"
    users("users.login", username="ada", password=NEW_PASSWORD, otp=app.code(STEP))


@pytest.fixture
def staff_need_it(settings: Settings) -> None:
    settings["users"]["session"]["staff_second_factor"] = True


def is_staff(users: Rpc, token: str) -> bool:
    return bool(users("users.authenticate", token_hash=contract.token_hash(token))["is_staff"])


@pytest.mark.usefixtures("staff_need_it")
def test_required_second_factor_is_a_condition_of_staff_rights(
    users: Rpc, ada: User, request: pytest.FixtureRequest
) -> None:
    users("users.set_staff", OPERATOR, username="ada", is_staff=True)
    assert not is_staff(users, ada.token)
    app: App = request.getfixturevalue("app")
    assert is_staff(users, ada.token)
    users("users.remove_second_factor", ada.caller, password=PASSWORD, code=app.code(STEP))
    assert not is_staff(users, ada.token)


def test_second_factor_is_no_condition_of_staff_rights_by_default(users: Rpc, ada: User) -> None:
    users("users.set_staff", OPERATOR, username="ada", is_staff=True)
    assert is_staff(users, ada.token)
