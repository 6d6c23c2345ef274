import statistics
import time

import eventlet
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from chassis.errors import Unauthenticated
from tests.integration.conftest import Settings
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import PASSWORD, WRONG_PASSWORD, LogIn, NewUser, User


@pytest.mark.parametrize(
    "attempt",
    [
        {"username": "ada", "password": WRONG_PASSWORD},
        {"username": "unknown", "password": PASSWORD},
        {"email": "unknown@example.org", "password": PASSWORD},
        {"username": "closed", "password": PASSWORD},
    ],
)
@pytest.mark.usefixtures("ada")
def test_every_failed_login_has_the_same_error(users: Rpc, new_user: NewUser, attempt: dict[str, str]) -> None:
    new_user("closed")
    users("users.set_active", OPERATOR, username="closed", is_active=False)
    with pytest.raises(Unauthenticated) as error:
        users("users.login", **attempt)
    assert str(error.value) == "bad_credentials: User name or password is wrong."


@pytest.fixture
def slow_hashes(settings: Settings) -> None:
    """Let hashing dominate the time of a login."""
    settings["users"]["passwords"] |= {"time_cost": 3, "memory_cost": 19456}


@pytest.mark.usefixtures("slow_hashes", "ada")
def test_failed_logins_of_known_and_unknown_names_take_as_long(users: Rpc) -> None:
    def seconds(name: str) -> float:
        started = time.perf_counter()
        with pytest.raises(Unauthenticated):
            users("users.login", username=name, password=WRONG_PASSWORD)
        return time.perf_counter() - started

    pairs = [(seconds("ada"), seconds("unknown")) for _ in range(7)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert known / 3 < unknown < known * 3  # a tenth without hashing


def test_database_contains_the_hash_of_a_token_only(ada: User, database: Engine) -> None:
    with database.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
    assert ada.token_hash in rows
    assert ada.token not in rows


@pytest.mark.usefixtures("ada")
def test_login_replaces_a_hash_with_outdated_parameters(log_in: LogIn, database: Engine, settings: Settings) -> None:
    memory = settings["users"]["passwords"]["memory_cost"]
    outdated = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET password_hash = %s", (outdated,))
    pool = eventlet.GreenPool()
    for login in [pool.spawn(log_in, "ada") for _ in range(3)]:  # concurrent ones succeed too
        assert login.wait()
    with database.connect() as connection:
        assert f"m={memory},t=1,p=1" in connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one()
