"""Editing and deleting posts: permissions, events, and what remains."""

from datetime import timedelta
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from feeds import service
from feeds.contract import CACHE_TAG
from feeds.models import Post
from tests.integration.support.databases import Databases
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.rpc import OPERATOR, Rpc

AUTHOR = Caller("gateway", user=new_id(), username="ada")
OTHER = Caller("gateway", user=new_id(), username="ben")
STAFF = Caller("gateway", user=new_id(), username="boss", staff=True)


@pytest.fixture
def post(feeds: Rpc) -> dict[str, Any]:
    made: dict[str, Any] = feeds("feeds.create", AUTHOR, text="hello")
    return made


def quiet(events: EventListener) -> bool:
    """Return whether no more events about changed posts arrive."""
    for event in ("post_updated", "post_deleted"):
        with pytest.raises(TimeoutError):
            events.next(event)
    return True


def test_edited_post_has_its_new_text_and_time(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    edited = feeds("feeds.edit", AUTHOR, id=post["id"], text=" hello again\n")
    assert edited == post | {"text": " hello again\n", "edited_at": edited["edited_at"]}
    assert edited["edited_at"] > post["created_at"]
    assert feeds("feeds.detail", id=post["id"]) == feeds("feeds.all")["items"][0] == edited
    event = {name: edited[name] for name in ("id", "author_id", "text", "edited_at")}
    assert events.next("post_updated") == event


def test_edit_without_a_difference_publishes_no_event(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    assert feeds("feeds.edit", AUTHOR, id=post["id"], text=post["text"]) == post
    assert quiet(events)


def test_edit_times_increase_even_if_the_clock_goes_back(
    feeds: Rpc, post: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = feeds("feeds.edit", AUTHOR, id=post["id"], text="first")
    with monkeypatch.context() as patched:
        now = clock.now()
        patched.setattr(clock, "now", lambda: now - timedelta(seconds=30))
        second = feeds("feeds.edit", AUTHOR, id=post["id"], text="second")
    assert first["edited_at"] < second["edited_at"]


def test_only_its_author_edits_a_post(feeds: Rpc, post: dict[str, Any]) -> None:
    for caller in (OTHER, STAFF):
        with pytest.raises(Forbidden):
            feeds("feeds.edit", caller, id=post["id"], text="mine")
    with pytest.raises(Unauthenticated):
        feeds("feeds.edit", id=post["id"], text="mine")
    assert feeds("feeds.detail", id=post["id"]) == post


def test_invalid_text_changes_nothing(feeds: Rpc, post: dict[str, Any]) -> None:
    for text in ("", " \n", "nul\0", "x" * 5001):
        with pytest.raises(Invalid) as rejection:
            feeds("feeds.edit", AUTHOR, id=post["id"], text=text)
        assert [error["field"] for error in rejection.value.errors] == ["text"]
    assert feeds("feeds.detail", id=post["id"]) == post


def test_deleted_post_is_gone_and_its_event_is_published_once(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    kept = feeds("feeds.create", AUTHOR, text="stays")
    assert feeds("feeds.delete", AUTHOR, id=post["id"]) == {}
    for method, more in (("detail", {}), ("edit", {"text": "back"}), ("delete", {})):
        with pytest.raises(NotFound):
            feeds(f"feeds.{method}", AUTHOR, id=post["id"], **more)
    assert feeds("feeds.all")["items"] == feeds("feeds.all", author=AUTHOR.user)["items"] == [kept]
    event = events.next("post_deleted")
    assert (event["id"], event["author_id"], event["created_at"]) == (post["id"], AUTHOR.user, post["created_at"])
    assert event["deletion_id"] > kept["id"]
    assert quiet(events)


def test_only_its_author_and_staff_delete_a_post(feeds: Rpc, post: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        feeds("feeds.delete", OTHER, id=post["id"])
    assert feeds("feeds.detail", id=post["id"]) == post
    feeds("feeds.delete", STAFF, id=post["id"])
    with pytest.raises(NotFound):
        feeds("feeds.detail", id=post["id"])


@pytest.mark.parametrize("method", ["edit", "delete"])
def test_unknown_post_cannot_be_changed(feeds: Rpc, method: str) -> None:
    with pytest.raises(NotFound):
        feeds(f"feeds.{method}", AUTHOR, id=new_id(), **({"text": "x"} if method == "edit" else {}))


@pytest.mark.parametrize(("method", "more"), [("edit", {"text": "new"}), ("delete", {})])
def test_cache_tag_is_invalidated_before_the_reply(
    feeds: Rpc, post: dict[str, Any], redis: Any, method: str, more: dict[str, str]
) -> None:
    before = int(redis.get(f"tag:{CACHE_TAG}"))
    feeds(f"feeds.{method}", AUTHOR, id=post["id"], **more)
    assert int(redis.get(f"tag:{CACHE_TAG}")) > before


def test_erase_author_deletes_all_their_posts_and_no_others(
    feeds: Rpc, redis: Any, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    other = Caller("gateway", user=new_id(), username="ben")
    kept = feeds("feeds.create", other, text="stays")
    posts = [feeds("feeds.create", AUTHOR, text=str(number))["id"] for number in range(5)]
    before = int(redis.get(f"tag:{CACHE_TAG}"))
    events = listen("feeds")
    for _ in range(2):
        assert feeds("feeds.erase_author", Caller("gateway"), author_id=AUTHOR.user) == {}
    assert feeds("feeds.all")["items"] == [kept]
    assert int(redis.get(f"tag:{CACHE_TAG}")) > before
    assert [events.next("post_deleted")["id"] for _ in posts] == posts
    assert quiet(events)


def test_only_the_gateway_and_operators_erase_authors(feeds: Rpc) -> None:
    with pytest.raises(Forbidden):
        feeds("feeds.erase_author", Caller("notifications"), author_id=AUTHOR.user)
    assert feeds("feeds.erase_author", OPERATOR, author_id=AUTHOR.user) == {}


def test_deleted_post_leaves_a_row_without_text_for_a_day(
    feeds: Rpc, container: ServiceContainer, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    for number in range(5):
        feeds("feeds.delete", AUTHOR, id=feeds("feeds.create", AUTHOR, text=str(number))["id"])
    kept = feeds("feeds.create", AUTHOR, text="stays")
    texts = select(Post.text).where(Post.deletion_id.is_not(None))
    now = clock.now()
    for moment, left in ((now + timedelta(hours=23), 5), (now + timedelta(hours=25), 0)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        with entrypoint_hook(container, "remove_deleted") as remove:
            remove()
        with Session(databases.engine("feeds")) as session:
            assert session.scalars(texts).all() == [""] * left
            assert session.scalar(select(func.count()).select_from(Post)) == left + 1
    monkeypatch.undo()
    assert feeds("feeds.all")["items"] == [kept]
