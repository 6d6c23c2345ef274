"""The read model of authors: usernames from events, posts counted when an operator asks."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.ids import new_id
from feeds.contract import AUTHORS_TAG, LISTS_TAG
from gateway.authors import store
from gateway.models import AuthorRow
from tests.integration.conftest import Until
from tests.integration.gateway.conftest import Handle
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc
from users.contract import ERASED, AccountChanged, AccountErased
from users.models import User


def author(database: Engine, author_id: str) -> AuthorRow:
    with Session(database) as session:
        return session.get_one(AuthorRow, author_id)


def renamed(author_id: str, username: str, minutes: int) -> AccountChanged:
    return AccountChanged(id=author_id, username=username, changed_at=clock.now() + timedelta(minutes=minutes))


def register(rpc: Rpc, username: str) -> Caller:
    request = {"username": username, "email": f"{username}@example.org", "password": "a bench of stone"}
    return Caller("gateway", user=rpc("users.register", **request)["id"], username=username)


def test_newest_username_wins_in_any_order_of_events(handle: Handle, database: Engine) -> None:
    ada = new_id()
    handle(renamed(ada, "second", 2))
    handle(renamed(ada, "first", 1))
    assert author(database, ada).username == "second"
    handle(renamed(ada, "third", 3))
    assert author(database, ada).username == "third"


def tag_versions(redis: Any) -> list[str | None]:
    versions: list[str | None] = redis.mget(f"tag:{LISTS_TAG}", f"tag:{AUTHORS_TAG}")
    return versions


@pytest.mark.parametrize("known", [True, False])
def test_erased_author_stays_erased(handle: Handle, database: Engine, redis: Any, *, known: bool) -> None:
    ada = new_id()
    if known:
        handle(renamed(ada, "ada", 0))
    before = tag_versions(redis)
    erased = AccountErased(id=ada, erased_at=clock.now())
    handle(erased)
    assert all(old != new for old, new in zip(before, tag_versions(redis), strict=True))
    handle(renamed(ada, "lovelace", 1))
    row = author(database, ada)
    assert (row.username, row.changed_at) == (ERASED, erased.erased_at)


def test_usernames_are_read_in_one_query(database: Engine) -> None:
    ids = [new_id() for _ in range(3)]
    with Session(database) as session, session.begin():
        for number, author_id in enumerate(ids):
            store.save_username(session, author_id, f"name{number}", clock.now())
    with Session(database) as session:
        assert store.usernames(session, [*ids, new_id()]) == dict(zip(ids, ["name0", "name1", "name2"], strict=True))


def test_authors_with_the_most_posts_come_first(handle: Handle, rpc: Rpc) -> None:
    ada, grace, unknown = register(rpc, "ada"), register(rpc, "grace"), Caller("gateway", user=new_id(), username="x")
    last = [rpc("feeds.create", caller, text="x") for caller in (unknown, ada, grace, ada, grace, ada)][-1]
    handle(renamed(str(ada.user), "lovelace", 1))
    handle(renamed(str(grace.user), "hopper", 1))
    items = rpc("gateway.authors", OPERATOR, limit=2)["items"]
    assert [(item["username"], item["posts"]) for item in items] == [("lovelace", 3), ("hopper", 2)]
    assert items[0]["last_post_at"] == last["created_at"]


@pytest.mark.usefixtures("platform")
def test_rebuild_replaces_an_old_username_that_a_gateway_clock_made_seem_newer(
    rpc: Rpc, database: Engine, databases: Databases, until: Until
) -> None:
    ada = register(rpc, "ada")
    rpc("feeds.create", ada, text="x")
    with Session(database) as session:  # the event of the registration would replace the row later
        until(lambda: session.scalar(select(AuthorRow.username)))
    changed_at = clock.now() - timedelta(hours=1)
    with databases.engine("users").begin() as connection:
        connection.execute(update(User).values(username_changed_at=changed_at))
    with database.begin() as connection:
        connection.execute(update(AuthorRow).values(username="old", changed_at=clock.now() - timedelta(minutes=2)))
    rpc("gateway.rebuild_authors", OPERATOR)
    row = author(database, str(ada.user))
    assert (row.username, row.changed_at) == ("ada", changed_at)


def test_rebuild_reads_all_usernames_again_but_keeps_newer_ones(handle: Handle, rpc: Rpc, database: Engine) -> None:
    ada, grace = register(rpc, "ada"), register(rpc, "grace")
    for caller in (ada, grace, grace):
        rpc("feeds.create", caller, text="x")
    handle(renamed(str(grace.user), "hopper", 5))
    assert rpc("gateway.rebuild_authors", OPERATOR) == {"authors": 2, "posts": 3}
    assert author(database, str(ada.user)).username == "ada"
    assert author(database, str(grace.user)).username == "hopper"


def test_rebuild_also_reads_authors_without_posts(handle: Handle, rpc: Rpc, database: Engine) -> None:
    ada = register(rpc, "ada")
    handle(renamed(str(ada.user), "outdated", -60 * 24))
    rpc("gateway.rebuild_authors", OPERATOR)
    assert author(database, str(ada.user)).username == "ada"
    assert {"id": ada.user, "username": "ada", "posts": 0, "last_post_at": None} in rpc("gateway.authors", OPERATOR)[
        "items"
    ]


def test_rebuild_stores_a_tombstone_for_authors_that_users_does_not_know(
    handle: Handle, rpc: Rpc, database: Engine
) -> None:
    unknown, posting = new_id(), Caller("gateway", user=new_id(), username="x")
    handle(renamed(unknown, "unknown", 0))
    rpc("feeds.create", posting, text="x")
    rpc("gateway.rebuild_authors", OPERATOR)
    assert [author(database, author_id).username for author_id in (unknown, str(posting.user))] == [ERASED, ERASED]


def test_only_a_changed_username_invalidates_cached_posts(handle: Handle, redis: Any) -> None:
    def changed(event: AccountChanged) -> list[bool]:
        before = tag_versions(redis)
        handle(event)
        return [old != new for old, new in zip(before, tag_versions(redis), strict=True)]

    ada = new_id()
    assert changed(renamed(ada, "ada", 0)) == [False, False]  # a registration: no cached post has this author
    assert changed(renamed(ada, "ada", 1)) == [False, False]  # a change of something else
    assert changed(renamed(ada, "lovelace", 2)) == [True, True]
