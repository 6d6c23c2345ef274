"""Wrong passwords of attackers do not keep out an owner who had a session on this device or at this address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import ServiceError
from tests.integration.conftest import Settings
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, WRONG_PASSWORD, User
from users.credentials import login_attempts
from users.models import FailedLogins, UserSession

HOME, NEW_ADDRESS = "192.0.2.1", "2001:db8:1:2::"
IN = "logged in"
LIMIT = 100  # wrong passwords at one account in a day, from all unknown addresses together
ATTACKERS = 50  # addresses; 35 wrong passwords are possible at once

Login = Callable[..., str]
LogIn = Callable[..., dict[str, Any]]


@pytest.fixture
def log_in(users: Rpc, ada: User) -> LogIn:
    """Log in as ada; return the reply."""
    return lambda **client: users("users.login", **{"username": ada.account["username"], "password": PASSWORD} | client)


@pytest.fixture
def login(log_in: LogIn) -> Login:
    """Log in as ada; return IN or the code of the error."""

    def login(**client: Any) -> str:
        try:
            log_in(**client)
        except ServiceError as error:
            return error.code
        return IN

    return login


def attack(login: Login, spelling: str = "ada") -> list[str]:
    """Send a wrong password from many addresses; return the results."""
    addresses = [f"198.51.100.{number}" for number in range(ATTACKERS)]
    return [login(username=spelling, password=WRONG_PASSWORD, address=address) for address in addresses]


def forget_waits(database: Engine) -> None:
    """Let time pass for each client: its next attempt need not wait."""
    with database.begin() as connection:
        connection.execute(update(FailedLogins).values(open_at=None))


def test_known_address_and_known_device_log_in_while_strangers_attack(login: Login, log_in: LogIn) -> None:
    device = log_in(address=HOME)["device_token"]
    assert attack(login)[-1] == "too_many_failures"
    assert login(address=HOME) == IN
    assert login(address=NEW_ADDRESS, device_token=device) == IN
    assert login(address=NEW_ADDRESS) == IN  # known since the login before
    assert login(address="203.0.113.9") == "too_many_failures"


def test_owner_never_waits_on_a_known_device_or_address_during_attacks(
    login: Login, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, real, results = log_in(address=HOME)["device_token"], clock.now, []
    for day in range(4):
        monkeypatch.setattr(clock, "now", lambda day=day: real() + timedelta(days=day))
        results += attack(login)
        assert login(address=NEW_ADDRESS, device_token=device) == IN
        assert login(address=HOME) == IN
    assert results.count("bad_credentials") > LIMIT


def test_many_wrong_passwords_of_one_address_do_not_keep_out_other_addresses(
    login: Login, log_in: LogIn, database: Engine
) -> None:
    log_in(address=HOME)
    for _ in range(32):  # as many as the waits allow in a day
        login(password=WRONG_PASSWORD, address="198.51.100.1")
        forget_waits(database)
    login(password=WRONG_PASSWORD, address="198.51.100.1")
    assert login(address="198.51.100.1") == "throttled"
    assert login(address=HOME) == IN
    assert login(address=NEW_ADDRESS) == IN


@pytest.mark.parametrize("spelling", ["ada", "ADA", "ada@example.org", "Ada@EXAMPLE.org", "\uff41\uff44\uff41"])
def test_failures_of_unknown_addresses_are_bounded_for_every_spelling_of_the_name(
    login: Login, database: Engine, spelling: str
) -> None:
    spellings = ["ada", spelling]
    results = [result for name in spellings for result in attack(login, name)]
    forget_waits(database)
    with database.begin() as connection:  # a day later
        connection.execute(update(FailedLogins).values(since=clock.now() - timedelta(days=1)))
    at_once = results.count("bad_credentials")
    results = attack(login, spelling)
    assert at_once + results.count("bad_credentials") < LIMIT
    assert set(results) == {"bad_credentials", "too_many_failures"}


def test_owner_of_a_known_device_waits_15_minutes_at_most(login: Login, log_in: LogIn, database: Engine) -> None:
    device = log_in(address=HOME)["device_token"]
    for _ in range(40):
        login(password=WRONG_PASSWORD, address=NEW_ADDRESS, device_token=device)
        forget_waits(database)
    assert login(password=WRONG_PASSWORD, address=NEW_ADDRESS, device_token=device) == "bad_credentials"
    with Session(database) as session:
        row = session.scalars(select(FailedLogins).where(FailedLogins.subject.startswith("device:"))).one()
    assert row.open_at is not None
    assert row.open_at - row.failed_at == timedelta(minutes=15)
    forget_waits(database)
    assert login(address=NEW_ADDRESS, device_token=device) == IN


def test_device_keeps_its_token_and_a_new_device_gets_another(log_in: LogIn) -> None:
    first = log_in()["device_token"]
    assert log_in(device_token=first)["device_token"] == first
    assert log_in(device_token="invented")["device_token"] not in {first, "invented"}
    assert log_in()["device_token"] != first


def test_device_of_another_account_is_unknown(users: Rpc, login: Login, log_in: LogIn) -> None:
    registration = {"username": "ben", "email": "ben@example.org", "password": PASSWORD}
    users("users.register", **registration)
    device = log_in(username="ben", address=HOME)["device_token"]
    attack(login)
    assert login(address=NEW_ADDRESS, device_token=device) == "too_many_failures"
    assert login(address=HOME) == "too_many_failures"


def test_device_stays_known_after_its_session_has_ended(login: Login, log_in: LogIn, database: Engine) -> None:
    device = log_in(address=HOME)["device_token"]
    with database.begin() as connection:
        connection.execute(update(UserSession).values(revoked_at=clock.now()))
    attack(login)
    assert login(address=NEW_ADDRESS, device_token=device) == IN
    assert login(address=HOME) == IN


def test_devices_of_the_previous_password_are_unknown_unless_their_session_goes_on(
    users: Rpc, login: Login, log_in: LogIn, ada: User
) -> None:
    thief = log_in(address="203.0.113.1")["device_token"]
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    attack(login)
    assert login(password=NEW_PASSWORD, address=NEW_ADDRESS, device_token=thief) == "too_many_failures"
    assert login(password=NEW_PASSWORD, address="203.0.113.1") == "too_many_failures"


def test_device_that_set_the_password_stays_known(users: Rpc, login: Login, database: Engine, ada: User) -> None:
    with database.begin() as connection:
        values = {"address": login_attempts.digest(ada.id, HOME)}
        connection.execute(update(UserSession).where(UserSession.id == ada.session_id).values(values))
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    attack(login)
    assert login(password=NEW_PASSWORD, address=HOME) == IN


def test_addresses_and_device_tokens_are_stored_as_digests(log_in: LogIn, database: Engine) -> None:
    device = log_in(address=HOME)["device_token"]
    with database.connect() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
    assert HOME not in stored
    assert device not in stored


def test_known_address_is_limited_like_any_other_address_at_all_accounts_together(
    settings: Settings, login: Login, log_in: LogIn
) -> None:
    settings["users"]["login"]["address"]["free"] = 5
    device = log_in(address=HOME)["device_token"]
    for number in range(6):
        login(username=f"name{number}", password=WRONG_PASSWORD, address=HOME)
    assert login(address=HOME) == "throttled"
    assert login(address=HOME, device_token=device) == IN
