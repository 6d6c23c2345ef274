"""A deleted account: its inbox is removed, and its name and texts from other inboxes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from amqp import Message
from kombu import Connection
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from nameko.testing.utils import get_container

from chassis import clock
from chassis.events.queues import parked_queue
from chassis.ids import new_id
from notifications.cleanup import erasure
from notifications.inbox import post_updates
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import Publish, PublishPost, Rows, user, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from users.contract import AccountErased, CodeIssued, SecurityNotice

Erase = Callable[[str], None]


@pytest.fixture
def erase(running: ServiceRunner, monkeypatch: pytest.MonkeyPatch) -> Erase:
    """Run the handler twice, since every event may be delivered again; in batches of two rows."""
    monkeypatch.setattr(erasure, "BATCH", 2)

    def erase(user_id: str) -> None:
        for _ in range(2):
            with entrypoint_hook(get_container(running, NotificationsService), "on_account_erased") as handler:
                handler(AccountErased(id=user_id, erased_at=clock.now()))

    return erase


def test_inbox_and_deliveries_of_the_user_are_removed_and_no_others(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, erase: Erase
) -> None:
    author, ada, ben = accounts.add("author"), accounts.add("ada", "email"), accounts.add("ben", "email")
    for _ in range(5):
        publish_post(author)
    until(lambda: len(rows("notifications", done=True)) == 5)
    erase(ada)
    for table in ("inbox", "deliveries"):
        assert values(rows(table), "user_id") == [ben] * 5


def test_name_and_texts_of_the_user_are_removed_from_other_inboxes(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, erase: Erase, rpc: Rpc
) -> None:
    author, other, ben = accounts.add("author"), accounts.add("other"), accounts.add("ben")
    posts = [publish_post(author, f"number {number}") for number in range(5)]
    publish_post(other, "stays")
    until(lambda: len(rows("notifications", done=True)) == 6)
    erase(author)
    newest, *redacted = rpc("notifications.inbox", user(ben))["items"]
    assert newest["message"] == "stays"
    assert {(item["title"], item["message"]) for item in redacted} == {("[deleted] posted", "This post was deleted.")}
    assert [item["data"] for item in redacted] == [
        {"post_id": post.id, "author_id": author, "author_username": "[deleted]", "deleted": True}
        for post in posts[::-1]
    ]
    replay = rpc("notifications.missed", GATEWAY, user_id=ben, since=newest["id"])
    assert {item["id"] for item in replay["changed"]} == {item["id"] for item in redacted}


def test_changes_of_an_interrupted_erasure_are_published_when_it_is_repeated(
    accounts: Accounts,
    publish_post: PublishPost,
    rows: Rows,
    until: Until,
    erase: Erase,
    listen: Listen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    author, ben = accounts.add("author"), accounts.add("ben")
    posts = [publish_post(author).id for _ in range(3)]
    until(lambda: len(rows("notifications", done=True)) == 3)
    listener = listen("notifications")
    with monkeypatch.context() as patch:
        patch.setattr(post_updates, "publish_change", Mock(side_effect=SystemError))
        with pytest.raises(SystemError):
            erase(author)
    erase(author)
    changes = [listener.next("notification_changed") for _ in posts]
    assert {change["notification"]["data"]["post_id"] for change in changes} == set(posts)
    assert [change["recipients"] for change in changes] == [[ben]] * 3
    assert values(rows("notifications"), "author_id") == [None] * 3


def test_post_that_arrives_after_the_erasure_notifies_no_user(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, erase: Erase
) -> None:
    author, other = accounts.add("author"), accounts.add("other")
    accounts.add("ben", "email")
    erase(author)
    publish_post(author, "too late")
    publish_post(other, "after it")
    until(lambda: rows("notifications", done=True))
    assert values(rows("notifications"), "message") == ["after it"]


def test_recipient_who_is_erased_after_the_reply_of_users_is_not_notified(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, erase: Erase
) -> None:
    author, ada, ben = accounts.add("author"), accounts.add("ada", "realtime", "email"), accounts.add("ben", "email")
    cem = accounts.add("cem", "realtime", "email")
    for user_id in (ada, cem):
        erase(user_id)
    for _ in range(3):
        publish_post(author)  # users still returns all of them
    until(lambda: len(rows("notifications", done=True)) == 3)
    for table in ("inbox", "deliveries"):
        assert values(rows(table), "user_id") == [ben] * 3
    assert rows("frame_sequences") == []


def test_deliveries_of_codes_and_notices_are_removed_and_none_is_created_later(
    publish: Publish, rows: Rows, until: Until, erase: Erase
) -> None:
    ada, ben = new_id(), new_id()
    later = clock.now() + timedelta(minutes=15)

    def issue(user_id: str) -> None:
        publish(CodeIssued(id=new_id(), user_id=user_id, channel="email", purpose="verify_email", expires_at=later))
        publish(SecurityNotice(id=new_id(), user_id=user_id, kind="password_changed", occurred_at=clock.now()))

    for user_id in (ada, ben):
        issue(user_id)
    until(lambda: len(rows("deliveries")) == 4)
    erase(ada)
    assert values(rows("deliveries"), "user_id") == [ben] * 2
    issue(ada)
    issue(ben)
    until(lambda: len(rows("deliveries")) == 4)
    assert values(rows("deliveries"), "user_id") == [ben] * 4


def test_parked_events_with_words_of_the_user_are_deleted(
    accounts: Accounts, erase: Erase, settings: dict[str, Any], until: Until
) -> None:
    author, other = accounts.add("author"), accounts.add("other")
    with Connection(settings["AMQP_URI"]) as connection, connection.channel() as channel:
        queue = parked_queue("evt-feeds-post_created--notifications.on_post_created")(channel)
        queue.declare()
        for user_id in (author, other):
            channel.basic_publish(Message(f'{{"author_id":"{user_id}","text":"words"}}'), "", queue.name)
        until(lambda: queue.queue_declare(passive=True).message_count == 2)
        erase(author)
        until(lambda: queue.queue_declare(passive=True).message_count == 1)
        assert other in channel.basic_get(queue.name).body
