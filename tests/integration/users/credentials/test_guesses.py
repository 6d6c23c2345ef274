"""All paths together allow fewer than 100 guesses a day at one account, from all addresses and in every spelling."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count, cycle, islice
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid, TooManyRequests, Unauthenticated
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, WRONG_PASSWORD, User
from users.codes import digits, issuing
from users.credentials.hashing import Hasher
from users.models import FailedLogins

LIMIT = 100
STEP = timedelta(minutes=40)  # less than the time after which one more wrong password is possible
SPELLINGS = ("ada", "ADA", "\uff21\uff24\uff21", "ada@example.org", "Ada@EXAMPLE.org", "ada@\uff45xample.org")
OF_CODES = {"users.login": "users.request_login_code", "users.confirm_password_reset": "users.request_password_reset"}


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock: `move(STEP)`."""
    real, offset = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + offset[0])

    def move(by: timedelta) -> None:
        offset[0] += by

    return move


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record which passwords and digits are compared with those of an account."""
    compared: list[str] = []
    matches, match = Hasher.matches, digits.match

    def record_password(self: Hasher, password_hash: str | None, password: str) -> bool:
        if password_hash is not None:
            compared.append("password")
        return matches(self, password_hash, password)

    def record_digits(secrets: Any, code_id: str, given: str) -> bool:
        compared.append("digits")
        return match(secrets, code_id, given)

    monkeypatch.setattr(Hasher, "matches", record_password)
    monkeypatch.setattr(digits, "match", record_digits)
    return compared


@pytest.fixture
def addresses() -> Iterator[str]:
    """Return addresses, each once."""
    return (f"2001:db8:{number:x}::" for number in count(1))


@pytest.fixture
def guess(users: Rpc, addresses: Iterator[str]) -> Callable[[str], None]:
    """Guess by one path until it is closed, each time with another spelling and from another address."""
    spellings = cycle(SPELLINGS)

    def attempt(target: str, times: int, **fields: Any) -> None:
        for name, address in islice(zip(spellings, addresses, strict=False), times):
            try:
                users(target, **{"email" if "@" in name else "username": name}, address=address, **fields)
            except TooManyRequests:
                return
            except (Invalid, Unauthenticated):
                continue

    def guess(path: str) -> None:
        if path == "password":
            attempt("users.login", LIMIT, password=WRONG_PASSWORD)
            return
        attempt(OF_CODES[path], 1)
        attempt(path, issuing.TRIES + 1, password=NEW_PASSWORD, code="000000")

    return guess


@pytest.mark.usefixtures("ada")
def test_all_paths_together_compare_fewer_than_100_guesses_in_24_hours(
    guess: Callable[[str], None], move: Callable[[timedelta], None], compared: list[str]
) -> None:
    for _ in range(timedelta(days=1) // STEP - 1):
        for path in ("password", *OF_CODES):
            guess(path)
        move(STEP)
    assert compared.count("password") > LIMIT / 2
    assert compared.count("digits") > LIMIT / 5
    assert len(compared) < LIMIT


def test_no_counter_of_an_account_depends_on_the_spelling_of_its_name(
    ada: User, database: Engine, guess: Callable[[str], None], move: Callable[[timedelta], None]
) -> None:
    for _ in range(3):
        for path in ("password", *OF_CODES):
            guess(path)
        move(2 * issuing.REST)
    with Session(database) as session:
        subjects = [subject.split(":") for subject in session.scalars(select(FailedLogins.subject))]
    of_account = [subject[1] for subject in subjects if subject[0] in {"account", "codes", "code-guesses", "client"}]
    assert set(of_account) == {ada.id}
    assert len([subject for subject in subjects if subject[0] == "codes-to"]) == 1
    assert len([subject for subject in subjects if subject[0] == "code-guesses"]) == 1
