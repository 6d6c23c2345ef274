"""The session cache, in every order in which concurrent calls can write it, and without Redis."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import eventlet
import pytest

from chassis import clock
from chassis.auth import keyring
from chassis.ids import new_id
from chassis.redis import connection
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, NewUser, Redis
from tests.integration.users.logged_in import User as LoggedInUser
from users import contract
from users.models import User, UserSession
from users.sessions import serializers
from users.sessions.cache import Identities, SessionCache

CLOSED_PORT = "redis://127.0.0.1:1/0"
Cached = Callable[[], str | None]


@pytest.fixture
def cache(settings: Settings) -> Iterator[SessionCache]:
    with connection.connect(settings["redis_url"]) as client:
        yield SessionCache(client, 60, eventlet.spawn, keyring.from_config(settings), staff_second_factor=False)


@pytest.fixture
def session() -> UserSession:
    now = clock.now()
    return UserSession(
        id=new_id(),
        user_id=new_id(),
        token_hash=contract.token_hash(new_id()),
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=30),
    )


@pytest.fixture
def user(session: UserSession) -> User:
    return User(id=session.user_id, username="ada", is_staff=False, is_active=True)


@pytest.fixture
def cached(session: UserSession, redis: Redis) -> Cached:
    """Return the cached value."""
    return lambda: redis.get(contract.session_key(session.token_hash))


def test_ended_session_is_not_cached_again_by_calls_in_progress(
    cache: SessionCache, session: UserSession, user: User, cached: Cached
) -> None:
    read_before_the_end = serializers.identity(user, session, staff_second_factor=False)
    session.revoked_at = clock.now()
    cache.refresh(lambda: cache.identities([(session, user)]))
    cache.add({session.token_hash: read_before_the_end})
    session.revoked_at = None  # as another call read the session before its end
    cache.refresh(lambda: cache.identities([(session, user)]))
    assert cached() == ""


def test_tombstone_expires_in_two_minutes(cache: SessionCache, session: UserSession, user: User, redis: Redis) -> None:
    session.revoked_at = clock.now()
    cache.refresh(lambda: cache.identities([(session, user)]))
    assert 110_000 < redis.pttl(contract.session_key(session.token_hash)) <= 120_000


def test_change_overwrites_the_cached_session_and_an_older_read_does_not(
    cache: SessionCache, session: UserSession, user: User, cached: Cached
) -> None:
    read_before_the_change = serializers.identity(user, session, staff_second_factor=False)
    cache.add({session.token_hash: read_before_the_change})
    user.is_staff = True
    cache.refresh(lambda: cache.identities([(session, user)]))
    cache.add({session.token_hash: read_before_the_change})
    assert contract.Identity.model_validate_json(cached() or "").is_staff


def test_change_that_overtakes_the_refresh_of_an_earlier_one_stays_cached(
    cache: SessionCache, session: UserSession, user: User, cached: Cached
) -> None:
    def read_before_the_second_change() -> Identities:
        before = cache.identities([(session, user)])
        if user.username == "ada":
            user.username = "lovelace"
            cache.refresh(lambda: cache.identities([(session, user)]))
        return before

    cache.refresh(read_before_the_second_change)
    assert contract.Identity.model_validate_json(cached() or "").username == "lovelace"


def test_session_of_a_closed_account_gets_a_tombstone(
    cache: SessionCache, session: UserSession, user: User, cached: Cached
) -> None:
    user.is_active = False
    cache.refresh(lambda: cache.identities([(session, user)]))
    assert cached() == ""


def test_deleted_session_is_not_cached(cache: SessionCache, session: UserSession, user: User, cached: Cached) -> None:
    read_before_the_end = serializers.identity(user, session, staff_second_factor=False)
    cache.add({session.token_hash: read_before_the_end})
    cache.end([session.token_hash])
    cache.add({session.token_hash: read_before_the_end})
    assert cached() == ""


@pytest.fixture
def full_redis(redis: Redis) -> Iterator[Callable[[], object]]:
    """Make Redis reject writes that need memory, until the returned function is called or the test ends."""
    redis.config_set("maxmemory", 1)
    make_room = partial(redis.config_set, "maxmemory", 0)
    yield make_room
    make_room()


def test_session_that_ends_while_redis_is_full_does_not_come_back(
    cache: SessionCache,
    session: UserSession,
    user: User,
    cached: Cached,
    until: Until,
    request: pytest.FixtureRequest,
) -> None:
    read_before_the_end = serializers.identity(user, session, staff_second_factor=False)
    cache.add({session.token_hash: read_before_the_end})
    make_room = request.getfixturevalue("full_redis")
    session.revoked_at = clock.now()
    cache.refresh(lambda: cache.identities([(session, user)]))
    assert cached() is None
    make_room()
    until(lambda: cached() is not None)
    cache.add({session.token_hash: read_before_the_end})
    assert cached() == ""


def test_session_that_changes_while_redis_is_full_is_read_again(
    cache: SessionCache, session: UserSession, user: User, cached: Cached, request: pytest.FixtureRequest
) -> None:
    cache.add({session.token_hash: serializers.identity(user, session, staff_second_factor=False)})
    request.getfixturevalue("full_redis")
    user.is_staff = True
    cache.refresh(lambda: cache.identities([(session, user)]))
    assert cached() is None


def test_login_and_authenticate_cache_the_session_for_a_minute(users: Rpc, ada: LoggedInUser, redis: Redis) -> None:
    identity = contract.Identity.model_validate_json(redis.get(ada.session_key))
    assert (identity.user_id, identity.username, identity.session_id) == (ada.id, "ada", ada.session_id)
    assert 55_000 < redis.pttl(ada.session_key) <= 60_000
    assert identity.model_dump(mode="json") == users("users.authenticate", token_hash=ada.token_hash)
    redis.delete(ada.session_key)
    users("users.authenticate", token_hash=ada.token_hash)
    assert redis.get(ada.session_key)


@pytest.mark.parametrize("setting", ["lifetime", "idle"])
def test_cache_expires_with_the_session(settings: Settings, new_user: NewUser, redis: Redis, setting: str) -> None:
    settings["users"]["session"][setting] = 20
    assert redis.pttl(new_user("ada").session_key) <= 20_000


@pytest.fixture
def without_redis(settings: Settings) -> None:
    settings["redis_url"] = CLOSED_PORT


@pytest.mark.usefixtures("without_redis")
def test_service_works_without_redis(users: Rpc, new_user: NewUser) -> None:
    ada = new_user("ada")
    assert users("users.update_account", ada.caller, username="lovelace")
    assert users("users.authenticate", token_hash=ada.token_hash)["username"] == "lovelace"
    assert users("users.login", username="lovelace", password=PASSWORD)
    users("users.logout", ada.caller)
    users("users.delete_account", ada.caller, password=PASSWORD)
