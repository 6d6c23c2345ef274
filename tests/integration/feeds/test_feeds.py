"""The feeds service on its own database, over the wire."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from feeds.contract import CACHE_TAG
from tests.integration.support.rpc import Rpc

AUTHOR = Caller("gateway", user=new_id(), username="ada")


def test_event_of_a_post_has_the_username_of_its_author(feeds: Rpc, listen: Callable[[str], Any]) -> None:
    events = listen("feeds")
    post = feeds("feeds.create", AUTHOR, text="hello")
    assert post.pop("edited_at") is None
    assert events.next("post_created") == post | {"author_username": "ada"}


def test_create_requires_a_user(feeds: Rpc) -> None:
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
    with pytest.raises(Invalid) as rejection:
        feeds("feeds.create", AUTHOR, request_key="k", text="two")
    assert rejection.value.code == "idempotency_key_reused"


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
    feeds("feeds.create", AUTHOR, text="new")
    assert int(redis.get(f"tag:{CACHE_TAG}")) > before


def test_an_unknown_post_is_not_found(feeds: Rpc) -> None:
    with pytest.raises(NotFound):
        feeds("feeds.detail", id=new_id())


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


def test_a_border_shows_the_posts_of_then_and_the_last_one_of_now(feeds: Rpc) -> None:
    kept, later, earlier = (feeds("feeds.create", AUTHOR, text="x") for _ in range(3))
    feeds("feeds.delete", AUTHOR, id=earlier["id"])
    border = new_id()
    feeds("feeds.delete", AUTHOR, id=later["id"])
    then = {"author_id": AUTHOR.user, "posts": 2, "last_post_at": kept["created_at"]}
    assert feeds("feeds.authors", before=border)["items"] == [then]
    assert feeds("feeds.authors", before=new_id())["items"] == [then | {"posts": 1}]
    feeds("feeds.delete", AUTHOR, id=kept["id"])
    assert feeds("feeds.authors", before=border)["items"] == [then | {"last_post_at": None}]
    assert feeds("feeds.authors", before=new_id())["items"] == []


def test_authors_can_be_asked_for_by_their_ids(feeds: Rpc) -> None:
    ada, ben, _ = (feeds("feeds.create", Caller("gateway", user=new_id()), text="x") for _ in range(3))
    ids = [ben["author_id"], new_id(), ada["author_id"]]
    found = feeds("feeds.authors", before=new_id(), ids=ids)["items"]
    assert {one["author_id"] for one in found} == {ada["author_id"], ben["author_id"]}


def test_the_authors_of_all_posts_are_for_the_gateway_alone(feeds: Rpc) -> None:
    with pytest.raises(Forbidden):
        feeds("feeds.authors", Caller("notifications"), before=new_id())
