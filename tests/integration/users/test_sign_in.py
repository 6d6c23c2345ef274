import statistics
import time
from typing import Any

import eventlet
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Unauthenticated
from tests.integration.conftest import Settings
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person, Redis
from users import contract


@pytest.mark.parametrize("name", [{"username": "ADA"}, {"email": "Ada@EXAMPLE.org"}, {"username": "ada@example.org"}])
def test_one_signs_in_by_user_name_or_address_in_any_case(users: Rpc, person: MakePerson, name: dict[str, str]) -> None:
    ada = person("ada")
    session = users("users.login", **name, password=PASSWORD)
    assert session["user"] == ada.account
    assert len(session["token"]) == 43
    assert session["token_type"] == "Bearer"


@pytest.mark.parametrize(
    "attempt",
    [
        {"username": "ada", "password": "a bench of wood"},
        {"username": "nobody", "password": PASSWORD},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"username": "closed", "password": PASSWORD},
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    users: Rpc, person: MakePerson, operator: Caller, attempt: dict[str, str]
) -> None:
    person("ada")
    person("closed")
    users("users.set_active", operator, username="closed", is_active=False)
    with pytest.raises(Unauthenticated) as refused:
        users("users.login", **attempt)
    assert str(refused.value) == "bad_credentials: User name or password is wrong."


@pytest.fixture
def costly(settings: Settings) -> None:
    """Make hashing what takes long."""
    settings["users"]["passwords"] |= {"time_cost": 3, "memory_cost": 19456}


@pytest.mark.usefixtures("costly")
def test_whatever_is_wrong_the_answer_takes_as_long(users: Rpc, person: MakePerson) -> None:
    person("ada")

    def seconds(name: str) -> float:
        started = time.perf_counter()
        with pytest.raises(Unauthenticated):
            users("users.login", username=name, password="a bench of wood")
        return time.perf_counter() - started

    pairs = [(seconds("ada"), seconds("nobody")) for _ in range(7)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert known / 3 < unknown < known * 3  # without the work it would be a tenth


def test_a_token_is_known_to_the_database_by_its_hash_only(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with database.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
    assert ada.token_hash in rows
    assert ada.token not in rows


def test_a_live_session_is_copied_to_redis_for_a_minute(users: Rpc, person: MakePerson, redis: Redis) -> None:
    ada = person("ada")
    identity = contract.Identity.model_validate_json(redis.get(ada.live_key))
    assert (identity.user_id, identity.username, identity.session_id) == (ada.id, "ada", ada.caller.session)
    assert 55_000 < redis.pttl(ada.live_key) <= 60_000
    assert identity.model_dump(mode="json") == users("users.authenticate", token_hash=ada.token_hash)


def test_authenticating_brings_the_copy_back(users: Rpc, person: MakePerson, redis: Redis) -> None:
    ada = person("ada")
    redis.delete(ada.live_key)
    users("users.authenticate", token_hash=ada.token_hash)
    assert redis.get(ada.live_key)


def test_a_copy_does_not_outlive_its_session(settings: Settings, person: MakePerson, redis: Redis) -> None:
    settings["users"]["session"]["lifetime"] = 2
    assert redis.pttl(person("ada").live_key) <= 2_000


def test_an_expired_session_is_no_session(users: Rpc, person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = now()")
    assert refusal(users, ada) == "invalid_token"


def test_a_token_that_nobody_has_is_no_session(users: Rpc) -> None:
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=contract.token_hash("made up"))


def test_only_the_gateway_may_ask_whose_a_token_is(users: Rpc, person: MakePerson, notifications: Caller) -> None:
    ada = person("ada")
    with pytest.raises(Forbidden):
        users("users.authenticate", notifications, token_hash=ada.token_hash)


def test_logout_ends_this_session_and_leaves_the_others(
    users: Rpc, person: MakePerson, sign_in: MakePerson, redis: Redis, listen: Listen
) -> None:
    ada, elsewhere = person("ada"), sign_in("ada")
    hear = listen("users")
    users("users.logout", ada.caller)
    assert redis.get(ada.live_key) == ""
    assert hear.next("session_ended") == {"user_id": ada.id, "session_ids": [ada.caller.session]}
    assert refusal(users, ada) == "invalid_token"
    assert users("users.authenticate", token_hash=elsewhere.token_hash)


def test_logout_everywhere_ends_all_sessions_of_this_user(
    users: Rpc, person: MakePerson, sign_in: MakePerson, redis: Redis, listen: Listen
) -> None:
    ada, elsewhere, ben = person("ada"), sign_in("ada"), person("ben")
    hear = listen("users")
    users("users.logout", ada.caller, everywhere=True)
    assert [redis.get(each.live_key) for each in (ada, elsewhere)] == ["", ""]
    assert set(hear.next("session_ended")["session_ids"]) == {ada.caller.session, elsewhere.caller.session}
    assert users("users.authenticate", token_hash=ben.token_hash)


def test_logging_out_twice_is_no_mistake(users: Rpc, person: MakePerson, redis: Redis) -> None:
    ada = person("ada")
    users("users.logout", ada.caller)
    redis.delete(ada.live_key)  # as if the process had died before it wrote the tombstone
    users("users.logout", ada.caller)
    assert redis.get(ada.live_key) == ""


def test_nobody_logs_out_without_a_user(users: Rpc) -> None:
    with pytest.raises(Unauthenticated):
        users("users.logout", GATEWAY)


def test_an_authentication_under_way_cannot_revive_a_session(users: Rpc, person: MakePerson, redis: Redis) -> None:
    ada = person("ada")
    calls = eventlet.GreenPool()
    authentications = [calls.spawn(refusal, users, ada) for _ in range(8)]
    users("users.logout", ada.caller)
    calls.waitall()
    assert {call.wait() for call in authentications} <= {None, "invalid_token"}
    assert redis.get(ada.live_key) == ""


def test_a_hash_with_old_parameters_is_made_anew_at_login(
    person: MakePerson, sign_in: MakePerson, database: Engine, settings: dict[str, Any]
) -> None:
    person("ada")
    memory = settings["users"]["passwords"]["memory_cost"]
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET password_hash = %s", (old,))
    logins = eventlet.GreenPool()
    for login in [logins.spawn(sign_in, "ada") for _ in range(3)]:  # none of them stumbles over the others' new hash
        assert login.wait()
    with database.connect() as connection:
        assert f"m={memory},t=1,p=1" in connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one()


def refusal(users: Rpc, person: Person) -> str | None:
    try:
        users("users.authenticate", token_hash=person.token_hash)
    except Unauthenticated as error:
        return error.code
    return None
