"""The gateway's own Nameko class: the read model of authors, and the routing information."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.contract import Event
from chassis.errors import Forbidden, Invalid, NotFound, Unavailable
from chassis.ids import new_id
from chassis.tokens import Caller
from feeds.contract import CACHE_TAG, PostCreated
from feeds.service import FeedsService
from gateway import store
from gateway.models import AuthorRow
from gateway.routes import ROUTES
from gateway.routing import seed
from gateway.service import GatewayService
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc
from users.contract import AccountChanged, AccountErased


@pytest.fixture
def runner(start: Callable[..., ServiceRunner]) -> ServiceRunner:
    return start(GatewayService)


@pytest.fixture
def hear(runner: ServiceRunner) -> Callable[[Event], None]:
    """Run the handler of an event, twice: every event may come again."""
    (container,) = runner.containers

    def hear(event: Event) -> None:
        for _ in range(2):
            with entrypoint_hook(container, f"on_{event.type}") as handler:
                handler(event)

    return hear


@pytest.fixture
def database(runner: ServiceRunner, databases: Databases) -> Engine:  # noqa: ARG001 - the service starts first
    return databases.engine("gateway")


def author(database: Engine, author_id: str) -> AuthorRow:
    with Session(database) as session:
        return session.get_one(AuthorRow, author_id)


def renamed(author_id: str, username: str, minutes: int) -> AccountChanged:
    return AccountChanged(id=author_id, username=username, changed_at=clock.now() + timedelta(minutes=minutes))


def test_the_newest_name_stays_in_whatever_order_the_news_comes(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    hear(renamed(ada, "second", 2))
    hear(renamed(ada, "first", 1))
    assert author(database, ada).username == "second"
    hear(renamed(ada, "third", 3))
    assert author(database, ada).username == "third"


def test_each_post_counts_once(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    posts = [
        PostCreated(id=new_id(), author_id=ada, author_username="ada", text="x", created_at=clock.now())
        for _ in range(3)
    ]
    for post in [*posts, posts[0]]:
        hear(post)
    assert author(database, ada).posts == 3
    assert author(database, ada).last_post_at == posts[-1].created_at


@pytest.fixture
def feeds(start: Callable[..., ServiceRunner], rpc: Rpc) -> Rpc:
    start(FeedsService)
    return rpc


def test_an_erased_author_is_a_tombstone_that_no_news_wakes_and_all_their_posts_go(
    hear: Callable[..., None], database: Engine, feeds: Rpc, redis: Any
) -> None:
    ada = new_id()
    as_ada = Caller("gateway", user=ada, username="ada")
    post = feeds("feeds.create", as_ada, text="hello")
    hear(PostCreated(**post, author_username="ada"))
    version = int(redis.get(f"tag:{CACHE_TAG}"))
    erased = AccountErased(id=ada, erased_at=clock.now())
    hear(erased)
    assert feeds("feeds.all")["items"] == []
    assert int(redis.get(f"tag:{CACHE_TAG}")) > version
    late = feeds("feeds.create", as_ada, text="it was on its way")
    hear(PostCreated(**late, author_username="ada"))
    hear(renamed(ada, "lovelace", 1))
    assert feeds("feeds.all")["items"] == []
    row = author(database, ada)
    assert (row.username, row.posts, row.last_post_at) == ("[deleted]", 0, None)
    assert row.changed_at == erased.erased_at


def test_an_author_who_never_posted_is_erased_too(hear: Callable[..., None], database: Engine, feeds: Rpc) -> None:
    assert feeds
    ada = new_id()
    hear(AccountErased(id=ada, erased_at=clock.now()))
    assert author(database, ada).username == "[deleted]"


def test_without_feeds_the_erasure_fails_and_so_comes_again(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    with pytest.raises(Unavailable):
        hear(AccountErased(id=ada, erased_at=clock.now()))
    assert author(database, ada).username == "[deleted]"


def test_operators_change_a_route_and_nobody_else_does(runner: ServiceRunner, database: Engine, rpc: Rpc) -> None:
    assert runner
    with database.begin() as connection:
        seed(connection, ROUTES)
    assert rpc("gateway.set_route", OPERATOR, name="all-posts", enabled=False)["enabled"] is False
    with database.begin() as connection:
        seed(connection, ROUTES)  # the next migration must not undo it
    listed = {rule["name"]: rule for rule in rpc("gateway.routes", OPERATOR)["items"]}
    assert listed["all-posts"]["enabled"] is False
    assert listed["post-detail"]["enabled"] is True
    with pytest.raises(Forbidden):
        rpc("gateway.set_route", name="all-posts", enabled=True)


@pytest.mark.parametrize("wrong", [{"deadline": 0}, {"deadline": 61}, {"cache_seconds": -1}, {"target": "os.system()"}])
def test_impossible_values_of_a_route_are_refused(runner: ServiceRunner, rpc: Rpc, wrong: dict[str, Any]) -> None:
    assert runner
    with pytest.raises(Invalid):
        rpc("gateway.set_route", OPERATOR, name="all-posts", **wrong)


def test_unknown_routes_are_refused(runner: ServiceRunner, rpc: Rpc) -> None:
    assert runner
    with pytest.raises(NotFound):
        rpc("gateway.set_route", OPERATOR, name="all-pots", enabled=False)


def test_usernames_come_in_one_query(database: Engine) -> None:
    ids = [new_id() for _ in range(3)]
    with Session(database) as session, session.begin():
        for number, author_id in enumerate(ids):
            store.name_author(session, author_id, f"name{number}", clock.now())
    with Session(database) as session:
        assert store.usernames(session, [*ids, new_id()]) == dict(zip(ids, ["name0", "name1", "name2"], strict=True))
