"""Posts are created, edited and deleted, each with its event."""

from datetime import timedelta
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import NotFound
from feeds import service
from feeds.models import Post
from tests.integration.feeds.conftest import ADA, TagVersions
from tests.integration.support.databases import Databases
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc


@pytest.fixture
def post(feeds: Rpc) -> dict[str, Any]:
    return dict(feeds("feeds.create", ADA, text="hello"))


# Create


def test_created_post_is_published_with_the_username_of_its_author(feeds: Rpc, listen: Listen) -> None:
    events = listen("feeds")
    post = feeds("feeds.create", ADA, text="hello")
    assert post.pop("edited_at") is None
    event = events.next("post_created")
    assert event.pop("as_of") >= post["created_at"]
    assert event == post | {"author_username": "ada"}


def test_repeated_request_creates_one_post(feeds: Rpc, listen: Listen) -> None:
    events = listen("feeds")
    first = feeds("feeds.create", ADA, request_key="k", text="once")
    assert feeds("feeds.create", ADA, request_key="k", text="once") == first
    second = feeds("feeds.create", ADA, text="another post")
    assert feeds("feeds.all")["items"] == [second, first]
    assert [events.next("post_created")["id"] for _ in range(2)] == [first["id"], second["id"]]


# Edit


def test_edited_post_has_its_new_text_and_the_time(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    edited = feeds("feeds.edit", ADA, id=post["id"], text=" hello again\n")
    assert edited == post | {"text": " hello again\n", "edited_at": edited["edited_at"]}
    assert edited["edited_at"] > post["created_at"]
    assert feeds("feeds.detail", id=post["id"]) == feeds("feeds.all")["items"][0] == edited
    assert events.next("post_updated") == {name: edited[name] for name in ("id", "author_id", "text", "edited_at")}


def test_edit_with_the_same_text_publishes_no_event(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    assert feeds("feeds.edit", ADA, id=post["id"], text=post["text"]) == post
    feeds("feeds.edit", ADA, id=post["id"], text="new text")
    assert events.next("post_updated")["text"] == "new text"


def test_edited_at_grows_even_if_the_clock_goes_back(
    feeds: Rpc, post: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = feeds("feeds.edit", ADA, id=post["id"], text="first")
    with monkeypatch.context() as patched:
        now = clock.now()
        patched.setattr(clock, "now", lambda: now - timedelta(seconds=30))
        second = feeds("feeds.edit", ADA, id=post["id"], text="second")
    assert first["edited_at"] < second["edited_at"]


# Delete


def test_deletion_hides_a_post_and_publishes_one_event(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    other = feeds("feeds.create", ADA, text="remains")
    assert feeds("feeds.delete", ADA, id=post["id"]) == {}
    for method, more in (("detail", {}), ("edit", {"text": "back"}), ("delete", {})):
        with pytest.raises(NotFound):
            feeds(f"feeds.{method}", ADA, id=post["id"], **more)
    assert feeds("feeds.all")["items"] == feeds("feeds.all", author=ADA.user)["items"] == [other]
    feeds("feeds.delete", ADA, id=other["id"])
    event = events.next("post_deleted")
    assert (event["id"], event["author_id"], event["created_at"]) == (post["id"], ADA.user, post["created_at"])
    assert event["deletion_id"] > other["id"]
    assert events.next("post_deleted")["id"] == other["id"]


def test_repeated_deletion_returns_the_first_reply(feeds: Rpc, post: dict[str, Any], listen: Listen) -> None:
    events = listen("feeds")
    for _ in range(2):
        assert feeds("feeds.delete", ADA, request_key="k", id=post["id"]) == {}
    other = feeds("feeds.create", ADA, text="another post")
    feeds("feeds.delete", ADA, id=other["id"])
    assert [events.next("post_deleted")["id"] for _ in range(2)] == [post["id"], other["id"]]


@pytest.mark.parametrize("method", ["create", "edit", "delete"])
def test_cached_lists_and_the_details_of_the_post_are_invalidated_before_the_reply(
    feeds: Rpc, post: dict[str, Any], tag_versions: TagVersions, method: str
) -> None:
    arguments = {"create": {"text": "new"}, "edit": {"id": post["id"], "text": "new"}, "delete": {"id": post["id"]}}
    before = tag_versions(post["id"])
    feeds(f"feeds.{method}", ADA, **arguments[method])
    changed = [old != new for old, new in zip(before, tag_versions(post["id"]), strict=True)]
    assert changed == [True, False, method != "create"]  # lists, all details, the details of the post


def test_row_of_a_deleted_post_remains_for_a_day_without_its_text(
    feeds: Rpc, container: ServiceContainer, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CLEANUP_BATCH", 2)
    for number in range(5):
        feeds("feeds.delete", ADA, id=feeds("feeds.create", ADA, text=str(number))["id"])
    other = feeds("feeds.create", ADA, text="remains")
    texts = select(Post.text).where(Post.deletion_id.is_not(None))
    now = clock.now()
    for time, remaining in ((now + timedelta(hours=23), 5), (now + timedelta(hours=25), 0)):
        monkeypatch.setattr(clock, "now", lambda time=time: time)
        with entrypoint_hook(container, "remove_deleted") as remove:
            remove()
        with Session(databases.engine("feeds")) as session:
            assert session.scalars(texts).all() == [""] * remaining
            assert session.scalar(select(func.count()).select_from(Post)) == remaining + 1
    monkeypatch.undo()
    assert feeds("feeds.all")["items"] == [other]
