"""Sessions are used, listed, ended by their user, and expire."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.conftest import Settings
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, LogIn, NewUser, Redis, User
from users import contract
from users.models import UserSession
from users.sessions import store

DAY = timedelta(days=1)

LimitSessions = Callable[[int], None]


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def change(database: Engine, user: User, **values: object) -> None:
    """Change a session in the database."""
    with database.begin() as connection:
        connection.execute(update(UserSession).where(UserSession.id == user.session_id).values(values))


def row(database: Engine, user: User) -> UserSession:
    with Session(database) as session:
        return session.get_one(UserSession, user.session_id)


def authenticate(users: Rpc, user: User) -> datetime:
    """Return when the session expires."""
    identity = users("users.authenticate", token_hash=user.token_hash)
    return datetime.fromisoformat(identity["expires_at"])


def authentication_error(users: Rpc, user: User) -> str | None:
    try:
        authenticate(users, user)
    except Unauthenticated as error:
        return error.code
    return None


@pytest.fixture
def limit_sessions(settings: Settings) -> LimitSessions:
    """Set the number of sessions that a user may have."""
    return lambda number: settings["users"]["session"].update(per_user=number)


def test_list_has_the_live_sessions_of_the_caller(users: Rpc, ada: User, log_in: LogIn, new_user: NewUser) -> None:
    ben, ended, newest = new_user("ben"), log_in("ada"), log_in("ada")
    users("users.logout", ended.caller)
    page = users("users.sessions", ada.caller)
    assert ids(page) == [newest.session_id, ada.session_id]
    assert [item["current"] for item in page["items"]] == [False, True]
    assert all(item["created_at"] == item["last_seen_at"] < item["expires_at"] for item in page["items"])
    assert ids(users("users.sessions", ben.caller)) == [ben.session_id]


def test_end_session_ends_it_at_once(users: Rpc, ada: User, log_in: LogIn, redis: Redis, listen: Listen) -> None:
    other = log_in("ada")
    events = listen("users")
    users("users.end_session", ada.caller, id=other.session_id)
    assert redis.get(other.session_key) == ""
    assert events.next("session_ended") == {"user_id": ada.id, "session_ids": [other.session_id]}
    assert ids(users("users.sessions", ada.caller)) == [ada.session_id]


def test_unknown_ended_and_other_users_sessions_are_not_found(
    users: Rpc, ada: User, log_in: LogIn, new_user: NewUser
) -> None:
    ended, ben = log_in("ada"), new_user("ben")
    users("users.logout", ended.caller)
    for session_id in (new_id(), ended.session_id, ben.session_id):
        with pytest.raises(NotFound):
            users("users.end_session", ada.caller, id=session_id)
    assert users("users.authenticate", token_hash=ben.token_hash)


def test_logout_ends_this_session_only(users: Rpc, ada: User, log_in: LogIn, redis: Redis, listen: Listen) -> None:
    other = log_in("ada")
    events = listen("users")
    users("users.logout", ada.caller)
    assert redis.get(ada.session_key) == ""
    assert events.next("session_ended") == {"user_id": ada.id, "session_ids": [ada.session_id]}
    assert authentication_error(users, ada) == "invalid_token"
    assert users("users.authenticate", token_hash=other.token_hash)


def test_logout_everywhere_ends_all_sessions_of_the_user(
    users: Rpc, log_in: LogIn, new_user: NewUser, redis: Redis, listen: Listen
) -> None:
    ada, ben = new_user("ada"), new_user("ben")
    other = log_in("ada")
    events = listen("users")
    users("users.logout", ada.caller, everywhere=True)
    assert [redis.get(each.session_key) for each in (ada, other)] == ["", ""]
    assert set(events.next("session_ended")["session_ids"]) == {ada.session_id, other.session_id}
    assert users("users.authenticate", token_hash=ben.token_hash)


def test_repeated_logout_sets_the_tombstone_again(users: Rpc, ada: User, redis: Redis) -> None:
    users("users.logout", ada.caller)
    redis.delete(ada.session_key)  # as after a crash between the commit and the tombstone
    users("users.logout", ada.caller)
    assert redis.get(ada.session_key) == ""


def test_concurrent_authentication_does_not_revive_an_ended_session(users: Rpc, ada: User, redis: Redis) -> None:
    pool = eventlet.GreenPool()
    authentications = [pool.spawn(authentication_error, users, ada) for _ in range(8)]
    users("users.logout", ada.caller)
    pool.waitall()
    assert {call.wait() for call in authentications} <= {None, "invalid_token"}
    assert redis.get(ada.session_key) == ""


def test_login_returns_the_end_of_the_lifetime_and_the_list_the_end_of_the_idle_time(
    settings: Settings, users: Rpc, new_user: NewUser
) -> None:
    new_user("ada")
    session = users("users.login", username="ada", password=PASSWORD)
    lifetime = datetime.fromisoformat(session["expires_at"]) - clock.now()
    listed = datetime.fromisoformat(users("users.sessions", new_user("ben").caller)["items"][0]["expires_at"])
    expected = settings["users"]["session"]
    assert abs(lifetime - timedelta(seconds=expected["lifetime"])) < timedelta(minutes=1)
    assert abs(listed - clock.now() - timedelta(seconds=expected["idle"])) < timedelta(minutes=1)


def test_use_extends_a_session_and_is_recorded_once_a_minute(users: Rpc, ada: User, database: Engine) -> None:
    before = row(database, ada)
    assert authenticate(users, ada) == before.expires_at
    assert row(database, ada).last_seen_at == before.last_seen_at
    change(database, ada, last_seen_at=clock.now() - DAY, expires_at=clock.now() + DAY)
    expires_at = authenticate(users, ada)
    after = row(database, ada)
    assert clock.now() - after.last_seen_at < timedelta(minutes=1)
    assert after.expires_at == expires_at > clock.now() + 13 * DAY


def test_use_does_not_extend_a_session_beyond_its_lifetime(users: Rpc, ada: User, database: Engine) -> None:
    created_at = clock.now() - 29 * DAY
    change(database, ada, created_at=created_at, last_seen_at=clock.now() - DAY)
    assert authenticate(users, ada) == created_at + 30 * DAY


def test_expired_session_is_rejected_and_not_listed(users: Rpc, ada: User, log_in: LogIn, database: Engine) -> None:
    idle = log_in("ada")
    change(database, idle, last_seen_at=clock.now() - 15 * DAY, expires_at=clock.now() - DAY)
    assert authentication_error(users, idle) == "invalid_token"
    assert ids(users("users.sessions", ada.caller)) == [ada.session_id]
    assert row(database, idle).expires_at < clock.now()


def test_login_beyond_the_limit_ends_the_session_that_was_used_least_recently(
    limit_sessions: LimitSessions, users: Rpc, ada: User, log_in: LogIn, database: Engine
) -> None:
    limit_sessions(3)
    second, third = log_in("ada"), log_in("ada")
    change(database, second, last_seen_at=clock.now() - DAY)
    newest = log_in("ada")
    assert ids(users("users.sessions", newest.caller)) == [newest.session_id, third.session_id, ada.session_id]
    assert authentication_error(users, second) == "invalid_token"


def test_session_beyond_the_limit_ends_at_once(
    limit_sessions: LimitSessions, ada: User, log_in: LogIn, redis: Redis, listen: Listen
) -> None:
    limit_sessions(1)
    events = listen("users")
    log_in("ada")
    assert events.next("session_ended") == {"user_id": ada.id, "session_ids": [ada.session_id]}
    assert redis.get(ada.session_key) == ""


def test_concurrent_logins_do_not_exceed_the_limit_of_sessions(
    limit_sessions: LimitSessions, users: Rpc, ada: User, log_in: LogIn
) -> None:
    limit_sessions(3)
    list(eventlet.GreenPool().imap(log_in, ["ada"] * 6))
    newest = log_in("ada")
    assert len(ids(users("users.sessions", newest.caller))) == 3
    assert authentication_error(users, ada) == "invalid_token"


def test_first_login_after_the_upgrade_ends_all_sessions_beyond_the_limit(
    limit_sessions: LimitSessions, users: Rpc, new_user: NewUser, log_in: LogIn
) -> None:
    new_user("ada")
    for _ in range(5):
        log_in("ada")
    limit_sessions(2)
    newest = log_in("ada")
    assert len(ids(users("users.sessions", newest.caller))) == 2


def test_change_reads_only_the_sessions_that_it_affects(users: Rpc, ada: User, log_in: LogIn, redis: Redis) -> None:
    other, third = log_in("ada"), log_in("ada")
    for session in (ada, other, third):
        redis.delete(session.session_key)
    users("users.update_account", ada.caller, notify_by=["realtime"])
    users("users.end_session", ada.caller, id=other.session_id)
    assert [redis.get(session.session_key) for session in (ada, other, third)] == [None, "", None]
    users("users.logout", third.caller)
    assert [redis.get(session.session_key) for session in (ada, third)] == [None, ""]


def test_sessions_are_deleted_a_month_after_their_end(ada: User, log_in: LogIn, database: Engine) -> None:
    logged_in = [ada, *(log_in("ada") for _ in range(4))]
    month_ago = clock.now() - 30 * DAY
    with Session(database) as session:
        revoked, revoked_later, expired, expired_later, _live = (
            session.get_one(UserSession, user.session_id) for user in logged_in
        )
        revoked.revoked_at = expired.expires_at = month_ago - DAY
        revoked_later.revoked_at = expired_later.expires_at = month_ago + DAY
        old = {revoked.id, expired.id}
        before = set(session.scalars(select(UserSession.id)))
        store.delete_old(session, limit=1)
        assert session.scalar(select(func.count()).select_from(UserSession)) == 4
        store.delete_old(session, limit=10)
        assert before - set(session.scalars(select(UserSession.id))) == old


def identities(users: Rpc, *token_hashes: str) -> list[str | None]:
    """Return the user names of sessions that are identified with one call."""
    items = users("users.authenticate_all", token_hashes=token_hashes)["items"]
    return [item and item["username"] for item in items]


def test_many_sessions_are_identified_in_the_order_of_the_request(
    users: Rpc, ada: User, log_in: LogIn, new_user: NewUser
) -> None:
    ben, ended = new_user("ben"), log_in("ada")
    users("users.logout", ended.caller)
    requested = [contract.token_hash("unknown"), ben.token_hash, ended.token_hash, ada.token_hash, ben.token_hash]
    assert identities(users, *requested) == [None, "ben", None, "ada", "ben"]


def test_identifying_many_sessions_records_the_use_of_each(
    users: Rpc, database: Engine, redis: Redis, ada: User, new_user: NewUser
) -> None:
    ben = new_user("ben")
    used, created_at = clock.now() - DAY, row(database, ada).created_at - 2 * DAY
    for user in (ada, ben):
        redis.delete(user.session_key)
        change(database, user, last_seen_at=used, expires_at=used + 7 * DAY)
    change(database, ben, created_at=created_at - 25 * DAY)  # so that its lifetime ends before its idle time
    items = users("users.authenticate_all", token_hashes=[ben.token_hash, ada.token_hash])["items"]
    for user, item in zip((ben, ada), items, strict=True):
        stored = row(database, user)
        assert stored.last_seen_at > used
        assert stored.expires_at == datetime.fromisoformat(item["expires_at"])
        assert redis.get(user.session_key)
    assert row(database, ben).expires_at < row(database, ada).expires_at


def test_session_that_another_transaction_has_locked_is_identified_without_waiting(
    users: Rpc, database: Engine, ada: User, new_user: NewUser
) -> None:
    ben, used = new_user("ben"), clock.now() - DAY
    for user in (ada, ben):
        change(database, user, last_seen_at=used)
    with database.begin() as connection, eventlet.Timeout(4.5):
        connection.execute(select(UserSession.id).where(UserSession.id == ada.session_id).with_for_update())
        assert identities(users, ada.token_hash, ben.token_hash) == ["ada", "ben"]
    assert row(database, ada).last_seen_at == used
    assert row(database, ben).last_seen_at > used
