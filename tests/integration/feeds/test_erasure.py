"""Posts of deleted accounts are deleted, also those that are being created at that moment."""

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.errors import Unauthenticated
from chassis.ids import new_id
from feeds import erasure, posts
from feeds.contract import CACHE_TAG, Post
from feeds.models import Post as PostRow
from tests.integration.support.databases import Databases
from tests.integration.support.events import Listen
from tests.integration.support.rpc import Rpc
from users.contract import AccountErased

ADA = Caller("gateway", user=new_id(), username="ada")
GRACE = Caller("gateway", user=new_id(), username="grace")

Erase = Callable[[], None]


@pytest.fixture
def erase(container: ServiceContainer) -> Erase:
    """Run the handler of the event that ADA's account was deleted."""

    def erase() -> None:
        with entrypoint_hook(container, "on_account_erased") as handler:
            handler(AccountErased(id=str(ADA.user), erased_at=clock.now()))

    return erase


def test_all_posts_of_a_deleted_account_are_deleted_with_their_events(
    feeds: Rpc, erase: Erase, listen: Listen, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    kept = feeds("feeds.create", GRACE, text="hello")
    deleted = [feeds("feeds.create", ADA, text="hello")["id"] for _ in range(5)]
    version = int(redis.get(f"tag:{CACHE_TAG}"))
    events = listen("feeds")
    erase()
    assert [post["id"] for post in feeds("feeds.all")["items"]] == [kept["id"]]
    assert {events.next("post_deleted")["id"] for _ in deleted} == set(deleted)
    assert int(redis.get(f"tag:{CACHE_TAG}")) > version


def test_repeated_event_deletes_the_rest(feeds: Rpc, erase: Erase, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        feeds("feeds.create", ADA, text="hello")
    delete_some = posts.delete_some

    def fail_after_one(session: Session, author_id: str, _limit: int) -> bool:
        delete_some(session, author_id, 1)
        session.commit()
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(posts, "delete_some", fail_after_one)
        with pytest.raises(RuntimeError):
            erase()
    assert len(feeds("feeds.all")["items"]) == 4
    erase()
    erase()
    assert feeds("feeds.all")["items"] == []


def test_deleted_account_cannot_post(feeds: Rpc, erase: Erase) -> None:
    erase()
    with pytest.raises(Unauthenticated) as error:
        feeds("feeds.create", ADA, text="too late")
    assert error.value.code == "invalid_token"
    assert feeds("feeds.create", GRACE, text="hello")["author_id"] == GRACE.user


def test_post_that_is_being_created_is_deleted_too(
    feeds: Rpc, erase: Erase, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, created = posts.publish, eventlet.Event()

    def publish_slowly(session: Session, author: Caller, text: str) -> Post:
        post = publish(session, author, text)
        created.send()
        eventlet.sleep(0.3)  # so that the erasure begins before this transaction commits
        return post

    monkeypatch.setattr(posts, "publish", publish_slowly)
    creating = eventlet.spawn(feeds, "feeds.create", ADA, text="hello")
    created.wait()
    erase()
    creating.wait()
    with Session(databases.engine("feeds")) as session:
        (row,) = session.scalars(select(PostRow)).all()
        assert row.deletion_id is not None
