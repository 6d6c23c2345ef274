"""Posts and authors are read, page by page."""

import pytest
from hypothesis import given

from chassis.auth.caller import Caller
from chassis.ids import new_id
from tests.integration.feeds.conftest import ADA, BEN
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import Rpc


@pytest.fixture
def created() -> list[str]:
    """Ids of posts in the order of creation; all examples of a test share them, as they share the database."""
    return []


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_posts_are_read_once_and_newest_first_while_others_are_added(
    feeds: Rpc, created: list[str], steps: list[tuple[int, int]]
) -> None:
    def add() -> str:
        created.append(feeds("feeds.create", ADA, text="x")["id"])
        return created[-1]

    add()
    before = list(created)
    assert read_all(lambda **query: feeds("feeds.all", **query), add, steps) == before[::-1]


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_posts_of_an_author_are_read_once_and_no_others(feeds: Rpc, steps: list[tuple[int, int]]) -> None:
    author = Caller("gateway", user=new_id(), username="grace")

    def add() -> str:
        feeds("feeds.create", ADA, text="x")
        return str(feeds("feeds.create", author, text="x")["id"])

    created = [add() for _ in range(5)]
    assert read_all(lambda **query: feeds("feeds.all", author=author.user, **query), add, steps) == created[::-1]


def test_authors_are_paginated_with_their_posts_up_to_an_id(feeds: Rpc) -> None:
    authors = sorted(new_id() for _ in range(3))
    posts = [feeds("feeds.create", Caller("gateway", user=author), text="x") for author in [*authors, authors[1]]]
    feeds("feeds.create", Caller("gateway", user=authors[0]), text="later than the id")
    page = feeds("feeds.authors", before=posts[-1]["id"], limit=2)
    assert page["items"] == [
        {"author_id": authors[0], "posts": 1, "last_post_at": posts[0]["created_at"]},
        {"author_id": authors[1], "posts": 2, "last_post_at": posts[3]["created_at"]},
    ]
    page = feeds("feeds.authors", before=posts[-1]["id"], limit=2, after=page["next"])
    assert [item["author_id"] for item in page["items"]] == authors[2:]
    assert page["next"] is None


def test_authors_have_the_past_number_of_posts_and_the_current_last_post(feeds: Rpc) -> None:
    last, deleted_after, deleted_before = (feeds("feeds.create", ADA, text="x") for _ in range(3))
    feeds("feeds.delete", ADA, id=deleted_before["id"])
    then = new_id()
    feeds("feeds.delete", ADA, id=deleted_after["id"])
    expected = {"author_id": ADA.user, "posts": 2, "last_post_at": last["created_at"]}
    assert feeds("feeds.authors", before=then)["items"] == [expected]
    assert feeds("feeds.authors", before=new_id())["items"] == [expected | {"posts": 1}]
    feeds("feeds.delete", ADA, id=last["id"])
    assert feeds("feeds.authors", before=then)["items"] == [expected | {"last_post_at": None}]
    assert feeds("feeds.authors", before=new_id())["items"] == []


def test_ids_restrict_the_authors(feeds: Rpc) -> None:
    for author in (ADA, BEN, Caller("gateway", user=new_id())):
        feeds("feeds.create", author, text="x")
    authors = feeds("feeds.authors", before=new_id(), ids=[BEN.user, new_id(), ADA.user])["items"]
    assert {author["author_id"] for author in authors} == {ADA.user, BEN.user}
