"""Deleted posts in the read model: counted off once, whatever comes first, and the last post is found again."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm import Session

from chassis import clock, ids
from chassis.auth.caller import Caller
from chassis.errors import Unavailable
from chassis.ids import new_id
from feeds.contract import PostCreated, PostDeleted
from feeds.models import Post
from gateway import serializers
from gateway.authors import post_counts, store
from gateway.authors.rebuild_store import UNSETTLED
from gateway.models import AuthorRow
from tests.integration.gateway.conftest import Hear, ReadAuthors
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc

Until = Callable[[Callable[[], object]], None]

MOMENTS = itertools.count(1)  # milliseconds, so that no two ids are the same
LONG_AGO = timedelta(days=2)


@pytest.fixture
def somebody(platform: dict[str, Any], rpc: Rpc) -> Callable[[], str]:
    """Register people whom the gateway has not heard of; return their ids."""
    assert platform

    def somebody() -> str:
        name = f"user_{next(MOMENTS)}"
        account = rpc("users.register", username=name, email=f"{name}@example.org", password="a bench of stone")
        return str(account["id"])

    return somebody


def created(author_id: str, moment: datetime) -> PostCreated:
    moment += timedelta(milliseconds=next(MOMENTS))
    return PostCreated(id=ids.first_id(moment), author_id=author_id, author_username="ada", text="x", created_at=moment)


def deleted(post: PostCreated, moment: datetime) -> PostDeleted:
    moment += timedelta(milliseconds=next(MOMENTS))
    return PostDeleted(
        id=post.id,
        author_id=post.author_id,
        created_at=post.created_at,
        deletion_id=ids.first_id(moment),
        deleted_at=moment,
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_posts_and_deletions_are_counted_once_in_whatever_order_they_come(
    hear: Hear, authors: ReadAuthors, databases: Databases, somebody: Callable[[], str], order: tuple[int, ...]
) -> None:
    author, now = somebody(), clock.now()
    kept, gone = created(author, now), created(author, now)
    events = [kept, gone, deleted(gone, now)]
    stored(databases, [(kept, None), (gone, events[2])])
    for number in order:
        hear(events[number])
    known = authors()[author]
    assert (known.posts, known.last_post_at) == (1, kept.created_at)


def stored(databases: Databases, posts: list[tuple[PostCreated, Any]]) -> None:
    """Let feeds have these posts, each with its deletion or None, without telling anybody."""
    with Session(databases.engine("feeds")) as session, session.begin():
        for post, deletion in posts:
            row = Post(id=post.id, author_id=post.author_id, text=post.text, created_at=post.created_at)
            row.deletion_id = deletion.deletion_id if deletion else None
            session.add(row)


def test_a_deletion_that_overtakes_its_post_shows_nobody_with_less_than_nothing(
    hear: Hear, authors: ReadAuthors, somebody: Callable[[], str]
) -> None:
    post = created(somebody(), clock.now())
    hear(deleted(post, clock.now()))
    known = authors()[post.author_id]
    assert known.posts == -1
    assert serializers.authors([known]).items[0].posts == 0
    hear(post)
    known = authors()[post.author_id]
    assert (known.posts, known.last_post_at) == (0, None)


def test_an_author_of_whom_only_a_deletion_was_told_has_no_name_yet(platform: dict[str, Any], database: Engine) -> None:
    """Whoever needs the name asks for it; the post brings one along."""
    assert platform
    post = created(new_id(), clock.now())
    with Session(database) as session:
        post_counts.count(session, deleted(post, clock.now()))
        assert store.usernames(session, [post.author_id]) == {}
        post_counts.count(session, post)
        assert store.usernames(session, [post.author_id]) == {post.author_id: "ada"}


def test_the_last_post_is_found_again_when_it_was_deleted(
    somebody: Callable[[], str], rpc: Rpc, authors: ReadAuthors, until: Until
) -> None:
    ada = Caller("gateway", user=somebody(), username="ada")
    posts = [rpc("feeds.create", ada, text=str(number)) for number in range(3)]

    def state() -> tuple[int, datetime | None] | None:
        known = authors().get(ada.require_user())
        return (known.posts, known.last_post_at) if known else None

    def moment(number: int) -> datetime:
        return datetime.fromisoformat(posts[number]["created_at"])

    def shows(*expected: object) -> Callable[[], bool]:
        return lambda: state() == expected

    until(shows(3, moment(2)))
    for number, expected in ((0, (2, moment(2))), (2, (1, moment(1))), (1, (0, None))):
        rpc("feeds.delete", ada, id=posts[number]["id"])
        until(shows(*expected))


def test_a_fact_that_is_told_again_when_its_author_was_lost_does_no_harm(
    hear: Hear, authors: ReadAuthors, database: Engine
) -> None:
    post = created(new_id(), clock.now())
    hear(post)
    with database.begin() as connection:
        connection.execute(delete(AuthorRow))
    hear(post)
    assert authors() == {}


# When a post was made and when it was deleted, as their ids have it, before a rebuild's border or after it; the last
# by processes whose clocks differ.
FATES = [("old", None), ("old", "old"), ("old", "new"), ("new", None), ("new", "new"), ("new", "old")]


def fates(somebody: Callable[[], str], now: datetime) -> Iterator[tuple[PostCreated, PostDeleted | None, bool, bool]]:
    """Yield posts of an author each, and whether their two events are heard of before the rebuild or after it."""
    moments = {"old": now - LONG_AGO, "new": now}
    for (posted, gone), first, second in itertools.product(FATES, (True, False), (True, False)):
        post = created(somebody(), moments[posted])
        yield post, deleted(post, moments[gone]) if gone else None, first, second


def test_a_rebuild_counts_each_post_and_each_deletion_once_whenever_it_is_told(
    hear: Hear, rpc: Rpc, authors: ReadAuthors, databases: Databases, somebody: Callable[[], str]
) -> None:
    now = clock.now()
    made = list(fates(somebody, now))
    others = {post.author_id: created(post.author_id, now - 2 * LONG_AGO) for post, *_ in made}
    stored(databases, [(post, deletion) for post, deletion, *_ in made] + [(one, None) for one in others.values()])
    for before in (True, False):
        for post, deletion, *early in made:
            for event, is_early in zip((post, deletion), early, strict=True):
                if event and is_early is before:
                    hear(event)
        if before:
            rpc("gateway.rebuild_authors", OPERATOR)
    known = {author: (row.posts, row.last_post_at) for author, row in authors().items()}
    assert known == {
        post.author_id: (1, others[post.author_id].created_at) if deletion else (2, post.created_at)
        for post, deletion, *_ in made
    }


def test_where_a_younger_border_keeps_an_author_wrong_the_event_comes_again(
    platform: dict[str, Any], database: Engine
) -> None:
    """The clock of another process may be ahead."""
    post = created(new_id(), clock.now())
    with Session(database) as session, session.begin():
        post_counts.count(session, post)
        session.execute(update(AuthorRow).values(rebuilt_until=ids.first_id(clock.now() + UNSETTLED)))
    with entrypoint_hook(platform["gateway"], "on_post_deleted") as handler, pytest.raises(Unavailable):
        handler(deleted(post, clock.now()))
