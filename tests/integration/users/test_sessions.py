"""One's own sessions: listed, ended one by one, and ended by time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.conftest import Settings
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person, Redis
from users.models import UserSession

DAY = timedelta(days=1)


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def change(database: Engine, person: Person, **values: object) -> None:
    """Change a session behind the service's back."""
    with database.begin() as connection:
        connection.execute(update(UserSession).where(UserSession.id == person.caller.session).values(values))


def row(database: Engine, person: Person) -> UserSession:
    with Session(database) as session:
        return session.get_one(UserSession, person.caller.session)


def identify(users: Rpc, person: Person) -> datetime:
    identity = users("users.authenticate", token_hash=person.token_hash)
    return datetime.fromisoformat(identity["expires_at"])


def test_ones_live_sessions_are_listed_newest_first_with_the_one_that_asks(
    users: Rpc, person: MakePerson, sign_in: MakePerson
) -> None:
    first, person_else, ended, last = person("ada"), person("ben"), sign_in("ada"), sign_in("ada")
    users("users.logout", ended.caller)
    page = users("users.sessions", first.caller)
    assert ids(page) == [last.caller.session, first.caller.session]
    assert [item["current"] for item in page["items"]] == [False, True]
    assert ids(users("users.sessions", person_else.caller)) == [person_else.caller.session]


def test_a_session_is_listed_with_its_times_and_its_program(users: Rpc, person: MakePerson) -> None:
    ada = person("ada")
    users("users.login", username="ada", password=PASSWORD, user_agent="curl/8.5.0", address="192.0.2.1")
    newest, oldest = users("users.sessions", ada.caller)["items"]
    assert (newest["user_agent"], oldest["user_agent"]) == ("curl/8.5.0", None)
    assert newest["created_at"] == newest["last_seen_at"] < newest["expires_at"]
    assert not newest["current"]


def test_a_session_is_ended_by_its_owner_at_once(
    users: Rpc, person: MakePerson, sign_in: MakePerson, redis: Redis, listen: Listen
) -> None:
    ada, elsewhere = person("ada"), sign_in("ada")
    hear = listen("users")
    users("users.end_session", ada.caller, id=elsewhere.caller.session)
    assert redis.get(elsewhere.live_key) == ""
    assert hear.next("session_ended") == {"user_id": ada.id, "session_ids": [elsewhere.caller.session]}
    assert ids(users("users.sessions", ada.caller)) == [ada.caller.session]


def test_ending_the_session_that_asks_is_a_logout(users: Rpc, person: MakePerson, redis: Redis) -> None:
    ada = person("ada")
    users("users.end_session", ada.caller, id=ada.caller.session)
    assert redis.get(ada.live_key) == ""
    with pytest.raises(Unauthenticated):
        users("users.authenticate", token_hash=ada.token_hash)


def test_an_unknown_an_ended_and_somebody_elses_session_are_not_there(
    users: Rpc, person: MakePerson, sign_in: MakePerson
) -> None:
    ada, ended, ben = person("ada"), sign_in("ada"), person("ben")
    users("users.logout", ended.caller)
    for session_id in (new_id(), ended.caller.session, ben.caller.session):
        with pytest.raises(NotFound):
            users("users.end_session", ada.caller, id=session_id)
    assert users("users.authenticate", token_hash=ben.token_hash)


@pytest.mark.parametrize("method", ["sessions", "end_session"])
def test_without_a_user_there_are_no_sessions(users: Rpc, method: str) -> None:
    with pytest.raises(Unauthenticated):
        users(f"users.{method}", GATEWAY, **({"id": new_id()} if method == "end_session" else {}))


def test_a_login_tells_the_end_of_a_session_and_the_session_idles_away_before(
    settings: Settings, users: Rpc, person: MakePerson
) -> None:
    person("ada")
    session = users("users.login", username="ada", password=PASSWORD)
    told = datetime.fromisoformat(session["expires_at"]) - clock.now()
    listed = datetime.fromisoformat(users("users.sessions", person("ben").caller)["items"][0]["expires_at"])
    assert abs(told - timedelta(seconds=settings["users"]["session"]["lifetime"])) < timedelta(minutes=1)
    assert abs(listed - clock.now() - timedelta(seconds=settings["users"]["session"]["idle"])) < timedelta(minutes=1)


def test_a_session_that_is_used_lives_on_and_is_noted_once_a_minute(
    users: Rpc, person: MakePerson, database: Engine
) -> None:
    ada = person("ada")
    before = row(database, ada)
    assert identify(users, ada) == before.expires_at
    assert row(database, ada).last_seen_at == before.last_seen_at  # a moment ago
    change(database, ada, last_seen_at=clock.now() - DAY, expires_at=clock.now() + DAY)
    expires_at = identify(users, ada)
    after = row(database, ada)
    assert clock.now() - after.last_seen_at < timedelta(minutes=1)
    assert after.expires_at == expires_at > clock.now() + 13 * DAY


def test_no_use_makes_a_session_live_longer_than_its_lifetime(users: Rpc, person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    created_at = clock.now() - 29 * DAY
    change(database, ada, created_at=created_at, last_seen_at=clock.now() - DAY)
    assert identify(users, ada) == created_at + 30 * DAY


def test_a_session_that_idled_away_cannot_be_used_and_is_not_listed(
    users: Rpc, person: MakePerson, sign_in: MakePerson, database: Engine
) -> None:
    ada, idle = person("ada"), sign_in("ada")
    change(database, idle, last_seen_at=clock.now() - 15 * DAY, expires_at=clock.now() - DAY)
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=idle.token_hash)
    assert ids(users("users.sessions", ada.caller)) == [ada.caller.session]
    assert row(database, idle).expires_at < clock.now()


def test_a_copy_does_not_outlive_the_time_that_a_session_may_idle(
    settings: Settings, person: MakePerson, redis: Redis
) -> None:
    settings["users"]["session"]["idle"] = 2
    assert redis.pttl(person("ada").live_key) <= 2_000
