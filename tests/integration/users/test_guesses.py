"""Guessing passwords: at one account from anywhere, at any account from one address, and within a session."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import nameko_sqlalchemy
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session, sessionmaker

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Forbidden, Invalid, NotFound, ServiceError, TooManyRequests
from tests.integration.conftest import Settings
from tests.integration.support.rpc import Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person
from users import contract
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.hashing import Hasher
from users.models import Guesses

WRONG = "a bench of wood"
NEW_PASSWORD = "a longer bench of stone"
DAY = timedelta(days=1)

Try = Callable[..., str]


@pytest.fixture(autouse=True)
def strict(settings: Settings) -> None:
    """Three free failures, five at most, and waits that no test lives to see the end of by itself."""
    settings["users"]["login"] = {
        "account": {"free": 3, "most": 5},
        "address": {"free": 6},
        "wait": {"first": 100, "longest": 900},
    }


@pytest.fixture
def attempt(users: Rpc) -> Try:
    """Sign in and return what came of it in one word."""
    return lambda username, password=WRONG, **client: outcome(
        lambda: users("users.login", username=username, password=password, **client)
    )


def outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except ServiceError as error:
        return error.code
    return "in"


def wait_over(database: Engine) -> None:
    """Let everybody's time pass."""
    with database.begin() as connection:
        connection.execute(update(Guesses).values(open_at=clock.now()))


def subjects(database: Engine) -> set[str]:
    with Session(database) as session:
        return {subject.partition(":")[0] for subject in session.scalars(select(Guesses.subject))}


@pytest.mark.parametrize("name", ["ada", "nobody"], ids=["known", "unknown"])
def test_after_the_free_failures_each_waits_twice_as_long_and_then_there_is_an_end(
    person: MakePerson, users: Rpc, attempt: Try, database: Engine, name: str
) -> None:
    person("ada")
    assert [attempt(name) for _ in range(4)] == ["bad_credentials"] * 3 + ["throttled"]
    waits = []
    for _ in range(2):
        with pytest.raises(TooManyRequests) as refused:
            users("users.login", username=name, password=WRONG)
        waits.append(refused.value.retry_after)
        wait_over(database)
        assert attempt(name) == "bad_credentials"
    assert [99 <= (waits[0] or 0) <= 100, 199 <= (waits[1] or 0) <= 200] == [True, True]
    wait_over(database)
    assert [attempt(name) for _ in range(2)] == ["too_many_failures"] * 2


def test_the_right_password_is_not_told_from_a_wrong_one_while_one_has_to_wait(
    person: MakePerson, attempt: Try, database: Engine
) -> None:
    person("ada")
    for _ in range(3):
        attempt("ada")
    assert [attempt("ada", password) for password in (PASSWORD, WRONG)] == ["throttled"] * 2
    wait_over(database)
    assert attempt("ada", PASSWORD) == "in"


def test_an_account_that_is_closed_to_guesses_is_closed_to_the_right_password_until_an_operator_opens_it(
    person: MakePerson, users: Rpc, attempt: Try, database: Engine, operator: Caller
) -> None:
    ada = person("ada")
    for _ in range(5):
        attempt("ada")
        wait_over(database)
    assert attempt("ada", PASSWORD) == "too_many_failures"
    assert users("users.authenticate", token_hash=ada.token_hash)
    assert users("users.unlock", operator, username="ADA") == ada.account
    assert attempt("ada", PASSWORD) == "in"


def test_both_names_of_an_account_count_together(person: MakePerson, attempt: Try) -> None:
    person("ada")
    names = ["ada", "ada@example.org", "ADA", "Ada@Example.org"]
    assert [attempt(name) for name in names] == ["bad_credentials"] * 3 + ["throttled"]


def test_whoever_knows_the_password_starts_anew(person: MakePerson, attempt: Try, database: Engine) -> None:
    person("ada")
    for _ in range(3):
        assert [attempt("ada"), attempt("ada"), attempt("ada", PASSWORD)] == ["bad_credentials"] * 2 + ["in"]
    assert subjects(database) == set()


def test_guesses_at_the_same_time_get_no_more_than_the_free_ones(person: MakePerson, attempt: Try) -> None:
    person("ada")
    outcomes = list(eventlet.GreenPool().imap(attempt, ["ada"] * 12))
    assert sorted(outcomes) == ["bad_credentials"] * 3 + ["throttled"] * 9


def test_who_knows_the_password_may_sign_in_on_many_devices_at_once(
    settings: Settings, person: MakePerson, attempt: Try, database: Engine
) -> None:
    settings["users"]["login"]["account"] = {"free": 20, "most": 100}
    settings["users"]["login"]["address"] = {"free": 20}
    person("ada")

    def sign_in(_number: int) -> str:
        return attempt("ada", PASSWORD, address="192.0.2.1")

    for _ in range(2):
        assert set(eventlet.GreenPool().imap(sign_in, range(16))) == {"in"}
    with Session(database) as session:
        assert session.scalars(select(Guesses.failures)).one() == 0  # the address'


def test_guesses_at_many_accounts_from_one_address_have_to_wait_and_others_have_not(
    person: MakePerson, attempt: Try
) -> None:
    person("ada")
    outcomes = [attempt(f"name{number}", address="192.0.2.1") for number in range(7)]
    assert outcomes == ["bad_credentials"] * 6 + ["throttled"]
    assert attempt("ada", PASSWORD, address="192.0.2.1") == "throttled"
    assert attempt("ada", PASSWORD, address="2001:db8::1") == "in"


def test_whoever_has_to_wait_at_the_address_uses_up_nothing_at_the_account(person: MakePerson, attempt: Try) -> None:
    person("ada")
    for number in range(6):
        attempt(f"name{number}", address="192.0.2.1")
    assert [attempt("ada", address="192.0.2.1") for _ in range(5)] == ["throttled"] * 5
    assert [attempt("ada") for _ in range(4)] == ["bad_credentials"] * 3 + ["throttled"]


def test_the_database_does_the_same_work_for_a_known_and_an_unknown_name(
    person: MakePerson, database: Engine, settings: Settings
) -> None:
    person("ada")
    argon2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    hasher, rules = Hasher(argon2, threads=2, queue=2), failed_logins.rules(settings["users"]["login"])
    engine = database.execution_options()  # to listen to ours alone
    db = UnitOfWork(sessionmaker(engine, class_=nameko_sqlalchemy.database.Session))
    log: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: log.append(arguments[2]))
    event.listen(engine, "commit", lambda _connection: log.append("COMMIT"))
    event.listen(engine, "rollback", lambda _connection: log.append("ROLLBACK"))

    def work(name: str) -> list[str]:
        """Fail until one has to wait, and return what the database was told."""
        log.clear()
        request = contract.SignIn(username=name, password=WRONG, address=name)
        for _ in range(4):
            outcome(lambda: authentication.at_login(db, hasher, rules, request))
        return log.copy()

    known, unknown = work("ada"), work("nobody")
    assert known == unknown
    assert known.count("COMMIT") == 3


def check_within_session(users: Rpc, person: Person, password: str) -> str:
    """Let the owner prove that they know the password, for a change that will not be made."""
    change = {"username": "taken", "password": NEW_PASSWORD, "current_password": password}
    try:
        users("users.update_account", person.caller, **change)
    except Invalid as refused:
        return refused.errors[0]["field"]
    except ServiceError as refused:
        return refused.code
    return "changed"


def test_a_stolen_session_cannot_guess_for_ever(person: MakePerson, users: Rpc, attempt: Try) -> None:
    ada = person("ada")
    person("taken")
    assert [check_within_session(users, ada, WRONG) for _ in range(3)] == ["current_password"] * 3
    assert check_within_session(users, ada, PASSWORD) == "throttled"
    assert outcome(lambda: users("users.delete_account", ada.caller, password=PASSWORD)) == "throttled"
    assert attempt("ada", PASSWORD) == "in"


def test_proving_oneself_costs_nothing(person: MakePerson, users: Rpc, database: Engine) -> None:
    ada = person("ada")
    person("taken")
    assert [check_within_session(users, ada, PASSWORD) for _ in range(7)] == ["username_taken"] * 7
    assert subjects(database) == set()


def test_an_attacker_cannot_keep_the_owner_from_a_new_password_which_opens_the_login_again(
    person: MakePerson, users: Rpc, attempt: Try, database: Engine
) -> None:
    ada = person("ada")
    for _ in range(6):
        attempt("ada")
        wait_over(database)
    assert attempt("ada", PASSWORD) == "too_many_failures"
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert attempt("ada", NEW_PASSWORD) == "in"


def test_a_closed_account_is_guessed_at_like_any_other(
    person: MakePerson, users: Rpc, attempt: Try, operator: Caller
) -> None:
    person("ada")
    users("users.set_active", operator, username="ada", is_active=False)
    outcomes = [attempt("ada", password) for password in (WRONG, PASSWORD, PASSWORD, PASSWORD)]
    assert outcomes == ["bad_credentials"] * 3 + ["throttled"]


def test_only_operators_unlock(person: MakePerson, users: Rpc, operator: Caller, staff: Caller) -> None:
    ada = person("ada")
    for caller in (ada.caller, staff):
        with pytest.raises(Forbidden):
            users("users.unlock", caller, username="ada")
    with pytest.raises(NotFound):
        users("users.unlock", operator, username="nobody")


@pytest.fixture
def no_room(settings: Settings) -> None:
    """Let nobody be worked on and nobody wait."""
    passwords = settings["users"]["passwords"]
    passwords["queue"] = -passwords["threads"]


@pytest.mark.usefixtures("no_room")
def test_an_attempt_that_finds_no_room_is_not_counted(attempt: Try, database: Engine) -> None:
    assert attempt("nobody") == "busy"
    assert subjects(database) == set()


def test_a_day_later_only_failures_in_a_row_at_accounts_that_exist_are_remembered(
    person: MakePerson, users: Rpc, attempt: Try, database: Engine
) -> None:
    ada = person("ada")
    attempt("ada", address="192.0.2.1")
    attempt("nobody")
    check_within_session(users, ada, WRONG)
    with Session(database) as session:
        failed_logins_store.forget(session, limit=10)
        assert len(list(session.scalars(select(Guesses)))) == 4
        session.execute(update(Guesses).values(since=clock.now() - DAY, failed_at=clock.now() - DAY))
        failed_logins_store.forget(session, limit=1)
        assert len(list(session.scalars(select(Guesses)))) == 3
        failed_logins_store.forget(session, limit=10)
        left = set(session.scalars(select(Guesses.subject)))
    assert left == {f"account:{ada.id}", f"session:{ada.id}"}


def test_of_an_address_that_many_share_a_days_failures_count_and_no_more(attempt: Try, database: Engine) -> None:
    attempt("nobody", address="192.0.2.1")
    with Session(database) as session:
        session.execute(update(Guesses).values(since=clock.now() - DAY))
        failed_logins_store.forget(session, limit=10)
        assert [subject[:8] for subject in session.scalars(select(Guesses.subject))] == ["account:"]
