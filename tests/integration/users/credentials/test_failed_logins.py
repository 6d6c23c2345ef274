"""Wrong passwords are limited: of a client at an account, of an account, of an address, and within a session."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid, ServiceError, TooManyRequests
from tests.integration.conftest import Settings
from tests.integration.support.databases import unit_of_work
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, WRONG_PASSWORD, NewUser, User
from users import contract
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.failed_logins import CODES, FailureBudget
from users.credentials.hashing import Hasher
from users.models import FailedLogins

ADDRESS = "192.0.2.1"
DAY = timedelta(days=1)
HOUR = 3600
IN = "logged in"

Login = Callable[..., str]


@pytest.fixture(autouse=True)
def low_limits(settings: Settings) -> None:
    """Allow three free failures, four of unknown clients at once; the waits are longer than a test.

    No codes are sent, because they are counted in the same table.
    """
    settings["users"]["verification"] = "off"
    settings["users"]["login"] = {
        "account": {"free": 3, "most": 8 + CODES.most},
        "unknown": {"free": 3, "longest": 900},
        "address": {"free": 6},
        "wait": {"first": 100, "longest": 900},
    }


@pytest.fixture
def login(users: Rpc) -> Login:
    """Try to log in; return the code of the error, or IN."""
    return lambda username, password=WRONG_PASSWORD, **client: result(
        lambda: users("users.login", username=username, password=password, **client)
    )


def result(call: Callable[[], Any]) -> str:
    try:
        call()
    except ServiceError as error:
        return error.code
    return IN


def end_waits(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(FailedLogins).values(open_at=clock.now()))


def use_up(login: Login) -> None:
    """Use up what all unknown clients have together at once, each with one wrong password."""
    results = [login("ada", address=f"192.0.2.{number}") for number in range(100, 105)]
    assert results == ["bad_credentials"] * 4 + ["too_many_failures"]


def kinds_of_subjects(database: Engine) -> set[str]:
    with Session(database) as session:
        return {subject.partition(":")[0] for subject in session.scalars(select(FailedLogins.subject))}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("name", ["ada", "unknown"])
def test_waits_double_after_the_free_failures_until_the_budget_is_used_up(
    settings: Settings, users: Rpc, login: Login, database: Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    settings["users"]["login"]["account"]["most"] = 11 + CODES.most
    assert [login(name) for _ in range(4)] == ["bad_credentials"] * 3 + ["throttled"]
    waits = []
    for _ in range(2):
        with pytest.raises(TooManyRequests) as error:
            users("users.login", username=name, password=WRONG_PASSWORD)
        waits.append(error.value.retry_after or 0)
        end_waits(database)
        assert login(name) == "bad_credentials"
    assert waits == [100, 200]
    end_waits(database)
    with pytest.raises(TooManyRequests, match="too_many_failures") as error:
        users("users.login", username=name, password=WRONG_PASSWORD)
    assert 4 * HOUR < (error.value.retry_after or 0) <= DAY.total_seconds() / 5


@pytest.mark.usefixtures("ada")
def test_right_and_wrong_password_have_the_same_error_during_a_wait(login: Login, database: Engine) -> None:
    for _ in range(3):
        login("ada")
    assert [login("ada", password) for password in (PASSWORD, WRONG_PASSWORD)] == ["throttled"] * 2
    end_waits(database)
    assert login("ada", PASSWORD) == IN


def test_used_up_budget_rejects_unknown_clients_until_an_operator_unlocks(ada: User, users: Rpc, login: Login) -> None:
    use_up(login)
    assert login("ada", PASSWORD, address="192.0.2.200") == "too_many_failures"
    assert users("users.authenticate", token_hash=ada.token_hash)
    assert users("users.unlock", OPERATOR, username="ADA") == ada.account
    assert login("ada", PASSWORD, address="192.0.2.200") == IN


@pytest.mark.usefixtures("ada")
def test_used_up_budget_returns_one_failure_after_another(login: Login, database: Engine) -> None:
    use_up(login)
    since = clock.now() - FailureBudget(8).interval
    with database.begin() as connection:
        connection.execute(update(FailedLogins).values(since=since))
    assert [login("ada", address=f"192.0.2.{number}") for number in (201, 202)] == [
        "bad_credentials",
        "too_many_failures",
    ]


@pytest.mark.usefixtures("ada")
def test_right_passwords_of_unknown_clients_do_not_use_up_the_budget(login: Login) -> None:
    assert [login("ada", PASSWORD, address=f"192.0.2.{number}") for number in range(9)] == [IN] * 9


@pytest.mark.usefixtures("ada")
def test_right_password_does_not_give_back_the_failures_of_other_clients(login: Login) -> None:
    for number in range(3):
        login("ada", address=f"192.0.2.{number}")
    assert login("ada", PASSWORD, address="192.0.2.9") == IN
    assert [login("ada", address=f"192.0.2.{number}") for number in (10, 11)] == [
        "bad_credentials",
        "too_many_failures",
    ]


def test_account_that_0_1_0_locked_opens_after_a_day(ada: User, login: Login, database: Engine) -> None:
    locked = {"failures": 101, "open_at": clock.now() + DAY}
    row = update(FailedLogins).where(FailedLogins.subject == f"account:{ada.id}")
    with database.begin() as connection:
        connection.execute(row.values(**locked, since=clock.now()))
    assert login("ada", PASSWORD) == "too_many_failures"
    with database.begin() as connection:
        connection.execute(row.values(failed_at=clock.now() - DAY, since=clock.now() - DAY))
    with Session(database) as session, session.begin():
        failed_logins_store.delete_old(session, limit=10)
    assert login("ada", PASSWORD) == IN


@pytest.mark.usefixtures("ada")
def test_failures_of_all_names_of_an_account_are_counted_together(login: Login) -> None:
    names = ["ada", "ada@example.org", "ADA", "Ada@Example.org"]
    assert [login(name) for name in names] == ["bad_credentials"] * 3 + ["throttled"]


@pytest.mark.usefixtures("ada")
def test_right_password_resets_the_failures(login: Login, database: Engine) -> None:
    for _ in range(2):
        assert [login("ada"), login("ada", PASSWORD)] == ["bad_credentials", IN]
    assert kinds_of_subjects(database) == {"account"}


@pytest.mark.usefixtures("ada")
def test_concurrent_attempts_do_not_exceed_the_free_failures(login: Login) -> None:
    results = list(eventlet.GreenPool().imap(login, ["ada"] * 12))
    assert sorted(results) == ["bad_credentials"] * 3 + ["throttled"] * 9


def test_concurrent_logins_with_the_right_password_succeed(
    settings: Settings, new_user: NewUser, login: Login, database: Engine
) -> None:
    settings["users"]["login"]["unknown"] = {"free": 20, "longest": 900}
    settings["users"]["login"]["account"] = {"free": 20, "most": 100}
    settings["users"]["login"]["address"] = {"free": 20}
    new_user("ada")

    def log_in(_number: int) -> str:
        return login("ada", PASSWORD, address=ADDRESS)

    for _ in range(2):
        assert set(eventlet.GreenPool().imap(log_in, range(16))) == {IN}
    with Session(database) as session:
        assert set(session.scalars(select(FailedLogins.failures))) == {0}  # of the address and the account


@pytest.mark.usefixtures("ada")
def test_failures_of_an_address_throttle_all_its_logins_and_no_others(login: Login) -> None:
    results = [login(f"name{number}", address=ADDRESS) for number in range(7)]
    assert results == ["bad_credentials"] * 6 + ["throttled"]
    assert login("ada", PASSWORD, address=ADDRESS) == "throttled"
    assert login("ada", PASSWORD, address="2001:db8::1") == IN


@pytest.mark.usefixtures("ada")
def test_attempts_of_a_throttled_address_are_not_counted_for_the_account(login: Login) -> None:
    for number in range(6):
        login(f"name{number}", address=ADDRESS)
    assert [login("ada", address=ADDRESS) for _ in range(5)] == ["throttled"] * 5
    use_up(login)


@pytest.mark.usefixtures("ada")
def test_known_and_unknown_names_cause_the_same_statements(database: Engine, settings: Settings) -> None:
    argon2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    hasher = Hasher(argon2, threads=2, queue=2)
    limits = failed_logins.limits_from_config(settings["users"]["login"])
    engine = database.execution_options()  # a copy, so that the listeners get only the statements of this test
    db = unit_of_work(engine)
    log: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: log.append(arguments[2]))
    event.listen(engine, "commit", lambda _connection: log.append("COMMIT"))
    event.listen(engine, "rollback", lambda _connection: log.append("ROLLBACK"))

    def statements(name: str) -> list[str]:
        """Fail until attempts are throttled, and return the statements."""
        log.clear()
        request = contract.ClientLogin(username=name, password=WRONG_PASSWORD, address=name)
        for _ in range(4):
            result(lambda: authentication.verify_login(db, hasher, limits, request))
        return log.copy()

    known, unknown = statements("ada"), statements("unknown")
    assert known == unknown
    assert known.count("COMMIT") == 3


def verify_in_session(users: Rpc, user: User, password: str) -> str:
    """Send `current_password` with an update that fails otherwise; return the field or code of the error."""
    change = {"username": "taken", "password": NEW_PASSWORD, "current_password": password}
    try:
        users("users.update_account", user.caller, **change)
    except Invalid as error:
        return error.errors[0]["field"]
    except ServiceError as error:
        return error.code
    return "changed"


def test_wrong_passwords_in_a_session_are_limited(ada: User, new_user: NewUser, users: Rpc, login: Login) -> None:
    new_user("taken")
    assert [verify_in_session(users, ada, WRONG_PASSWORD) for _ in range(3)] == ["current_password"] * 3
    assert verify_in_session(users, ada, PASSWORD) == "throttled"
    assert result(lambda: users("users.delete_account", ada.caller, password=PASSWORD)) == "throttled"
    assert login("ada", PASSWORD) == IN


def test_right_passwords_in_a_session_do_not_count(ada: User, new_user: NewUser, users: Rpc, database: Engine) -> None:
    new_user("taken")
    assert [verify_in_session(users, ada, PASSWORD) for _ in range(7)] == ["username_taken"] * 7
    assert "session" not in kinds_of_subjects(database)


def test_new_password_gives_all_failures_back(ada: User, users: Rpc, login: Login) -> None:
    use_up(login)
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert login("ada", NEW_PASSWORD, address="192.0.2.100") == IN


@pytest.mark.usefixtures("ada")
def test_attempts_at_a_closed_account_are_limited_like_others(users: Rpc, login: Login) -> None:
    users("users.set_active", OPERATOR, username="ada", is_active=False)
    results = [login("ada", password) for password in (WRONG_PASSWORD, PASSWORD, PASSWORD, PASSWORD)]
    assert results == ["bad_credentials"] * 3 + ["throttled"]


@pytest.fixture
def no_capacity(settings: Settings) -> None:
    """Let the hasher accept nothing."""
    passwords = settings["users"]["passwords"]
    passwords["queue"] = -passwords["threads"]


@pytest.mark.usefixtures("no_capacity")
def test_attempt_is_not_counted_if_the_hasher_is_overloaded(login: Login, database: Engine) -> None:
    assert login("unknown") == "busy"
    assert kinds_of_subjects(database) == set()


def test_failures_expire_after_a_day_except_those_in_a_session(
    ada: User, users: Rpc, login: Login, database: Engine
) -> None:
    login("ada", address=ADDRESS)
    login("unknown")
    verify_in_session(users, ada, WRONG_PASSWORD)
    with Session(database) as session:
        failed_logins_store.delete_old(session, limit=10)
        assert len(list(session.scalars(select(FailedLogins)))) == 6
        session.execute(update(FailedLogins).values(since=clock.now() - DAY, failed_at=clock.now() - DAY))
        failed_logins_store.delete_old(session, limit=1)
        assert len(list(session.scalars(select(FailedLogins)))) == 5
        failed_logins_store.delete_old(session, limit=10)
        remaining = set(session.scalars(select(FailedLogins.subject)))
    assert remaining == {f"session:{ada.id}"}


def test_failures_of_an_address_expire_a_day_after_the_first(login: Login, database: Engine) -> None:
    login("unknown", address=ADDRESS)
    with Session(database) as session:
        session.execute(update(FailedLogins).values(since=clock.now() - DAY))
        failed_logins_store.delete_old(session, limit=10)
        session.commit()
    assert kinds_of_subjects(database) == {"account", "client"}
