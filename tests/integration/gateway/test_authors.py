"""The gateway's own Nameko class: the read model of authors, kept from events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.errors import Unavailable
from chassis.ids import new_id
from feeds.contract import CACHE_TAG, PostCreated
from gateway.authors import store
from gateway.models import AuthorRow
from gateway.service import GatewayService
from tests.integration.support.rpc import Rpc
from users.contract import AccountChanged, AccountErased


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


def test_an_erased_author_is_a_tombstone_that_no_news_wakes_and_all_their_posts_go(
    hear: Callable[..., None], database: Engine, rpc: Rpc, redis: Any
) -> None:
    ada = new_id()
    as_ada = Caller("gateway", user=ada, username="ada")
    post = rpc("feeds.create", as_ada, text="hello")
    hear(PostCreated(**post, author_username="ada"))
    version = int(redis.get(f"tag:{CACHE_TAG}"))
    erased = AccountErased(id=ada, erased_at=clock.now())
    hear(erased)
    assert rpc("feeds.all")["items"] == []
    assert int(redis.get(f"tag:{CACHE_TAG}")) > version
    late = rpc("feeds.create", as_ada, text="it was on its way")
    hear(PostCreated(**late, author_username="ada"))
    hear(renamed(ada, "lovelace", 1))
    assert rpc("feeds.all")["items"] == []
    row = author(database, ada)
    assert (row.username, row.posts, row.last_post_at) == ("[deleted]", 0, None)
    assert row.changed_at == erased.erased_at


def test_an_author_who_never_posted_is_erased_too(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    hear(AccountErased(id=ada, erased_at=clock.now()))
    assert author(database, ada).username == "[deleted]"


def test_without_feeds_the_erasure_fails_and_so_comes_again(
    start: Callable[..., ServiceRunner], database: Engine
) -> None:
    (gateway,) = start(GatewayService).containers
    ada = new_id()
    with entrypoint_hook(gateway, "on_account_erased") as handler, pytest.raises(Unavailable):
        handler(AccountErased(id=ada, erased_at=clock.now()))
    assert author(database, ada).username == "[deleted]"


def test_usernames_come_in_one_query(database: Engine) -> None:
    ids = [new_id() for _ in range(3)]
    with Session(database) as session, session.begin():
        for number, author_id in enumerate(ids):
            store.save_username(session, author_id, f"name{number}", clock.now())
    with Session(database) as session:
        assert store.usernames(session, [*ids, new_id()]) == dict(zip(ids, ["name0", "name1", "name2"], strict=True))
