"""Posts of deleted accounts are deleted, also those that are being created at the same time."""

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Unauthenticated
from feeds import posts
from feeds.contract import Post
from feeds.models import Post as PostRow
from tests.integration.feeds.conftest import ADA, BEN, TagVersions
from tests.integration.support.databases import Databases
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from users.contract import AccountErased

Erase = Callable[[], None]


@pytest.fixture
def erase(container: ServiceContainer) -> Erase:
    """Run the handler of the event that ADA's account was deleted."""

    def erase() -> None:
        with entrypoint_hook(container, "on_account_erased") as handler:
            handler(AccountErased(id=str(ADA.user), erased_at=clock.now()))

    return erase


@pytest.mark.parametrize("trigger", ["account_erased", "erase_author"])
def test_all_posts_of_a_deleted_account_are_deleted_with_their_events(
    feeds: Rpc, erase: Erase, listen: Listen, tag_versions: TagVersions, monkeypatch: pytest.MonkeyPatch, trigger: str
) -> None:
    monkeypatch.setattr(posts, "ERASURE_BATCH", 2)
    other = feeds("feeds.create", BEN, text="hello")
    deleted = [feeds("feeds.create", ADA, text="hello")["id"] for _ in range(5)]
    before = tag_versions(deleted[0])
    events = listen("feeds")
    if trigger == "account_erased":
        erase()
    else:
        assert feeds("feeds.erase_author", GATEWAY, author_id=ADA.user) == {}
    assert feeds("feeds.all")["items"] == [other]
    lists, details, _ = tag_versions(deleted[0])
    assert lists != before[0]
    assert details != before[1]
    assert [events.next("post_deleted")["id"] for _ in deleted] == deleted


def test_repeated_event_deletes_the_remaining_posts(feeds: Rpc, erase: Erase, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        feeds("feeds.create", ADA, text="hello")
    delete_some = posts.delete_some

    def fail_after_one(session: Session, _limit: int, author_id: str) -> int:
        delete_some(session, 1, author_id)
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


def test_deleted_account_cannot_create_posts(feeds: Rpc, erase: Erase) -> None:
    erase()
    with pytest.raises(Unauthenticated, match="invalid_token"):
        feeds("feeds.create", ADA, text="too late")
    assert feeds("feeds.create", BEN, text="hello")["author_id"] == BEN.user


def test_post_that_is_being_created_is_deleted_too(
    feeds: Rpc, erase: Erase, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, created = posts.create, eventlet.Event()

    def create_slowly(session: Session, **arguments: Any) -> Post:
        post = create(session, **arguments)
        created.send()
        eventlet.sleep(0.3)  # the erasure begins before this transaction commits
        return post

    monkeypatch.setattr(posts, "create", create_slowly)
    creating = eventlet.spawn(feeds, "feeds.create", ADA, text="hello")
    created.wait()
    erase()
    creating.wait()
    with Session(databases.engine("feeds")) as session:
        (row,) = session.scalars(select(PostRow)).all()
        assert row.deletion_id is not None
