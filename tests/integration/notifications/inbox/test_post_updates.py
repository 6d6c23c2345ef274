"""Posts that are edited or deleted before, during or after their fan-out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from nameko.testing.utils import get_container
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.contract import Event
from chassis.ids import new_id
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from notifications import texts
from notifications.deliveries import DeliveriesService
from notifications.delivery import delivery_store
from notifications.inbox import notification_store, post_updates_store
from notifications.inbox.notification_store import NewPost, Progress
from notifications.models import Delivery
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import Deliveries, PublishPost, Rows, user, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.events import Listen
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import Rpc
from users.contract import AccountErased

Handle = Callable[[Event], None]
DELETED = "This post was deleted."


@pytest.fixture
def handle(running: ServiceRunner) -> Handle:
    """Run the handler of an event twice: every event may be delivered again."""

    def handle(event: Event) -> None:
        for _ in range(2):
            with entrypoint_hook(get_container(running, NotificationsService), f"on_{event.type}") as handler:
                handler(event)

    return handle


@pytest.fixture
def published(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, running: ServiceRunner
) -> PostCreated:
    """A post after its fan-out to four users, with pending deliveries."""
    assert running
    author = accounts.add("ada")
    for name in ("ben", "cem", "dia", "eva"):
        accounts.add(name, "email", "sms", phone="+254711000001")
    post = publish_post(author, "Karibu")
    until(lambda: rows("notifications", done=True))
    return post


def new_post(author: str) -> PostCreated:
    return PostCreated(id=new_id(), author_id=author, author_username="ada", text="old", created_at=clock.now())


def edited(post: PostCreated, text: str, minutes: int = 0) -> PostUpdated:
    edited_at = clock.now() + timedelta(minutes=minutes)
    return PostUpdated(id=post.id, author_id=post.author_id, text=text, edited_at=edited_at)


def deleted(post: PostCreated) -> PostDeleted:
    return PostDeleted(**dict(post), deletion_id=new_id(), deleted_at=clock.now())


def test_newest_edit_is_applied_in_any_order(published: PostCreated, handle: Handle, rows: Rows, rpc: Rpc) -> None:
    handle(edited(published, "third " * 100, minutes=3))
    handle(edited(published, "second", minutes=2))
    (row,) = rows("notifications")
    (item,) = rpc("notifications.inbox", user(rows("inbox")[0]["user_id"]))["items"]
    assert (item["title"], item["message"]) == ("author posted", texts.post_excerpt("third " * 100))
    assert item["data"] == texts.for_post(published).data
    assert row["changed_at"] > published.created_at
    assert set(values(rows("deliveries"), "status")) == {"pending"}


def test_deleted_post_loses_its_text_and_pending_deliveries_are_cancelled(
    published: PostCreated, handle: Handle, rows: Rows, database: Engine
) -> None:
    with Session(database) as session, session.begin():
        sending = rows("deliveries")[0]["id"]
        session.execute(update(Delivery).where(Delivery.id == sending).values(status="sending"))
    handle(deleted(published))
    handle(edited(published, "back again", minutes=1))
    (row,) = rows("notifications")
    assert (row["title"], row["message"]) == ("author posted", DELETED)
    assert row["data"] == texts.for_post(published).data | {"deleted": True}
    first, *others = rows("deliveries")
    assert (first["status"], first["last_error"]) == ("sending", None)
    assert set(values(others, "status", "last_error", "due_at")) == {("cancelled", "the post was deleted", None)}


def test_change_is_published_to_all_recipients_in_pages(
    published: PostCreated, handle: Handle, rows: Rows, listen: Listen
) -> None:
    listener = listen("notifications")
    handle(edited(published, "Karibuni"))
    users = values(rows("inbox"), "user_id")
    events = [listener.next("notification_changed") for _ in range(4)]  # two runs
    assert [event["recipients"] for event in events] == [users[:3], users[3:]] * 2
    assert {event["notification"]["message"] for event in events} == {"Karibuni"}
    handle(deleted(published))
    assert listener.next("notification_changed")["notification"]["data"]["deleted"] is True


def test_update_that_arrives_before_the_post_is_applied_by_the_fan_out(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, handle: Handle
) -> None:
    author, ben = accounts.add("ada"), accounts.add("ben")
    post_to_delete, post_to_edit = new_post(author), new_post(author)
    handle(deleted(post_to_delete))
    handle(edited(post_to_edit, "new"))
    for post in (post_to_delete, post_to_edit):
        publish_post(author, event=post)
    until(lambda: rows("notifications", done=True))
    (row,) = rows("notifications")
    assert (row["source"], row["message"], row["as_of"]) == (post_to_edit.id, "new", post_to_edit.created_at)
    assert values(rows("inbox"), "user_id") == [ben]


@pytest.mark.parametrize("update_kind", ["edited", "deleted"])
def test_update_between_two_pages_applies_from_the_next_page(
    accounts: Accounts,
    publish_post: PublishPost,
    rows: Rows,
    until: Until,
    handle: Handle,
    monkeypatch: pytest.MonkeyPatch,
    update_kind: str,
) -> None:
    author = accounts.add("ada")
    users = [accounts.add(f"user{number}", "email") for number in range(8)]
    post = new_post(author)
    is_edit = update_kind == "edited"

    def update_before_second_page() -> None:
        accounts.calls += 1
        if accounts.calls == 2:
            handle(edited(post, "new") if is_edit else deleted(post))

    monkeypatch.setattr(accounts, "count_call", update_before_second_page)
    publish_post(author, event=post)
    until(lambda: rows("notifications", done=True))
    assert values(rows("notifications"), "message") == ["new" if is_edit else DELETED]
    assert values(rows("inbox"), "user_id") == (users if is_edit else users[:2])
    assert set(values(rows("deliveries"), "status")) == {"pending" if is_edit else "cancelled"}


@pytest.mark.parametrize("first", ["post", "account"])
def test_post_and_account_are_erased_in_either_order(
    published: PostCreated, handle: Handle, rows: Rows, first: str
) -> None:
    events: list[Event] = [deleted(published), AccountErased(id=published.author_id, erased_at=clock.now())]
    for event in events if first == "post" else events[::-1]:
        handle(event)
    handle(edited(published, "late", minutes=1))
    (row,) = rows("notifications")
    expected = texts.for_erased_post(published.id, published.author_id)
    assert (row["title"], row["message"], row["data"]) == (expected.title, expected.message, expected.data)
    assert values(rows("post_news"), "text") == [None]


def test_edit_after_the_erasure_of_the_account_is_ignored(published: PostCreated, handle: Handle, rows: Rows) -> None:
    handle(AccountErased(id=published.author_id, erased_at=clock.now()))
    handle(edited(published, "late"))
    assert values(rows("notifications"), "message") == [DELETED]


def test_claimed_delivery_about_a_deleted_post_is_cancelled(
    settings: dict[str, Any],
    accounts: Accounts,
    database: Engine,
    finished: Deliveries,
    runner_factory: Callable[..., ServiceRunner],
    mailbox: FakeServer,
) -> None:
    ada, post = accounts.add("ada", "email"), new_post(new_id())
    with Session(database) as session, session.begin():
        new = NewPost(post.id, texts.for_post(post), post.created_at)
        (notification,) = notification_store.create_for_posts(session, [new], Progress(done=True))
        delivery_store.create(session, "email", {notification.id: [ada]}, channels_forced=False)
        post_updates_store.store(session, post.id, None, post.created_at)
    runner_factory(settings, UsersService, DeliveriesService).start()
    assert values(finished(), "status", "attempts", "last_error") == [("cancelled", 0, "the post was deleted")]
    assert mailbox.received() == []
