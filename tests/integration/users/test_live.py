"""The copies in Redis, in every order that calls under way can bring about; and Redis away."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chassis import clock
from chassis.ids import new_id
from chassis.redis import connection
from tests.integration.conftest import Settings
from tests.integration.support.rpc import Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Redis
from users import contract, serializers
from users.models import User, UserSession
from users.sessions.cache import LiveSessions

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
Copy = Callable[[], str | None]


@pytest.fixture
def live(settings: Settings) -> Iterator[LiveSessions]:
    with connection.connect(settings["redis_url"]) as client:
        yield LiveSessions(client, seconds=60)


@pytest.fixture
def session() -> UserSession:
    moment = clock.now()
    return UserSession(
        id=new_id(),
        user_id=new_id(),
        token_hash=contract.token_hash(new_id()),
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + timedelta(days=30),
    )


@pytest.fixture
def user(session: UserSession) -> User:
    return User(id=session.user_id, username="ada", is_staff=False, is_active=True)


@pytest.fixture
def copy(session: UserSession, redis: Redis) -> Copy:
    """The copy's text as it is now."""
    return lambda: redis.get(contract.live_key(session.token_hash))


def test_an_ended_session_is_revived_by_nothing(
    live: LiveSessions, session: UserSession, user: User, copy: Copy
) -> None:
    read_before_the_end = serializers.identity(user, session)
    session.revoked_at = clock.now()
    live.follow([(session, user)])
    live.add(session.token_hash, read_before_the_end)
    session.revoked_at = None  # as a change of name would have read it before the end
    live.follow([(session, user)])
    assert copy() == ""


def test_a_tombstone_outlives_every_call_under_way(
    live: LiveSessions, session: UserSession, user: User, redis: Redis
) -> None:
    session.revoked_at = clock.now()
    live.follow([(session, user)])
    assert 110_000 < redis.pttl(contract.live_key(session.token_hash)) <= 120_000


def test_a_change_overwrites_the_copy_and_what_was_read_before_does_not(
    live: LiveSessions, session: UserSession, user: User, copy: Copy
) -> None:
    read_before_the_change = serializers.identity(user, session)
    live.add(session.token_hash, read_before_the_change)
    user.is_staff = True
    live.follow([(session, user)])
    live.add(session.token_hash, read_before_the_change)
    assert contract.Identity.model_validate_json(copy() or "").is_staff


def test_a_closed_accounts_sessions_have_ended(
    live: LiveSessions, session: UserSession, user: User, copy: Copy
) -> None:
    user.is_active = False
    live.follow([(session, user)])
    assert copy() == ""


def test_what_the_database_does_not_know_any_more_has_ended(
    live: LiveSessions, session: UserSession, user: User, copy: Copy
) -> None:
    read_before_the_end = serializers.identity(user, session)
    live.add(session.token_hash, read_before_the_end)
    live.end([session.token_hash])
    live.add(session.token_hash, read_before_the_end)
    assert copy() == ""


@pytest.fixture
def without_redis(settings: Settings) -> None:
    settings["redis_url"] = NOBODY_LISTENS


@pytest.mark.usefixtures("without_redis")
def test_without_redis_everything_works_and_costs_the_gateway_a_call(users: Rpc, person: MakePerson) -> None:
    ada = person("ada")
    assert users("users.update_account", ada.caller, username="lovelace")
    assert users("users.authenticate", token_hash=ada.token_hash)["username"] == "lovelace"
    assert users("users.login", username="lovelace", password=PASSWORD)
    users("users.logout", ada.caller)
    users("users.delete_account", ada.caller, password=PASSWORD)
