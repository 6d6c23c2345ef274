"""The feeds service on its own database, over the wire."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from chassis.tokens import Caller
from feeds import service
from feeds.contract import CACHE_TAG
from feeds.service import FeedsService
from tests.integration.support.rpc import OPERATOR, Rpc

AUTHOR = Caller("gateway", user=new_id(), username="ada")


@pytest.fixture
def feeds(start: Callable[..., Any], rpc: Rpc) -> Rpc:
    start(FeedsService)
    return rpc


def test_a_post_is_told_with_its_authors_name_of_that_moment(feeds: Rpc, listen: Callable[[str], Any]) -> None:
    events = listen("feeds")
    post = feeds("feeds.create", AUTHOR, text="hello")
    assert events.next("post_created") == post | {"author_username": "ada"}


def test_only_somebody_who_is_signed_in_posts(feeds: Rpc) -> None:
    with pytest.raises(Unauthenticated):
        feeds("feeds.create", Caller("gateway"), text="hello")
    assert feeds("feeds.all")["items"] == []


def test_a_redelivered_request_posts_once(feeds: Rpc, listen: Callable[[str], Any]) -> None:
    events = listen("feeds")
    first = feeds("feeds.create", AUTHOR, request_key="k", text="once")
    assert feeds("feeds.create", AUTHOR, request_key="k", text="once") == first
    assert feeds("feeds.all")["items"] == [first]
    assert events.next("post_created")["id"] == first["id"]
    with pytest.raises(TimeoutError):
        events.next("post_created")


def test_a_key_is_not_used_for_two_requests(feeds: Rpc) -> None:
    feeds("feeds.create", AUTHOR, request_key="k", text="one")
    with pytest.raises(Invalid) as refusal:
        feeds("feeds.create", AUTHOR, request_key="k", text="two")
    assert refusal.value.code == "idempotency_key_reused"


def test_pages_are_stable_while_others_post(feeds: Rpc) -> None:
    posts = [feeds("feeds.create", AUTHOR, text=str(number))["id"] for number in range(5)]
    page = feeds("feeds.all", limit=2)
    feeds("feeds.create", AUTHOR, text="meanwhile")
    seen = [item["id"] for item in page["items"]]
    while page["next"]:
        page = feeds("feeds.all", limit=2, cursor=page["next"])
        seen += [item["id"] for item in page["items"]]
    assert seen == posts[::-1]


def test_the_cached_pages_are_forgotten_before_the_reply(feeds: Rpc, redis: Any) -> None:
    before = int(redis.get(f"tag:{CACHE_TAG}") or 0)
    feeds("feeds.create", AUTHOR, text="news")
    assert int(redis.get(f"tag:{CACHE_TAG}")) > before


def test_an_unknown_post_is_not_found(feeds: Rpc) -> None:
    with pytest.raises(NotFound):
        feeds("feeds.detail", id=new_id())


def test_the_posts_of_an_author_who_is_no_more_are_deleted_and_no_others(
    feeds: Rpc, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    other = Caller("gateway", user=new_id(), username="ben")
    kept = feeds("feeds.create", other, text="stays")
    for number in range(5):
        feeds("feeds.create", AUTHOR, text=str(number))
    before = int(redis.get(f"tag:{CACHE_TAG}"))
    for _ in range(2):
        assert feeds("feeds.erase_author", Caller("gateway"), author_id=AUTHOR.user) == {}
    assert feeds("feeds.all")["items"] == [kept]
    assert int(redis.get(f"tag:{CACHE_TAG}")) > before


def test_only_the_gateway_and_operators_erase_authors(feeds: Rpc) -> None:
    with pytest.raises(Forbidden):
        feeds("feeds.erase_author", Caller("notifications"), author_id=AUTHOR.user)
    assert feeds("feeds.erase_author", OPERATOR, author_id=AUTHOR.user) == {}


def test_authors_come_in_pages_with_their_posts_up_to_an_id(feeds: Rpc) -> None:
    writers = sorted(new_id() for _ in range(3))
    posts = [feeds("feeds.create", Caller("gateway", user=writer), text="x") for writer in [*writers, writers[1]]]
    feeds("feeds.create", Caller("gateway", user=writers[0]), text="beyond")
    page = feeds("feeds.authors", before=posts[-1]["id"], limit=2)
    assert page["items"] == [
        {"author_id": writers[0], "posts": 1, "last_post_at": posts[0]["created_at"]},
        {"author_id": writers[1], "posts": 2, "last_post_at": posts[3]["created_at"]},
    ]
    page = feeds("feeds.authors", before=posts[-1]["id"], limit=2, after=page["next"])
    assert [item["author_id"] for item in page["items"]] == writers[2:]
    assert page["next"] is None


def test_the_authors_of_all_posts_are_for_the_gateway_alone(feeds: Rpc) -> None:
    with pytest.raises(Forbidden):
        feeds("feeds.authors", Caller("notifications"), before=new_id())
