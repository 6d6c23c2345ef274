"""A new post notifies all active users."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chassis import clock
from chassis.ids import new_id
from feeds.contract import PostCreated
from tests.integration.conftest import Until
from tests.integration.notifications.support import PublishPost, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.events import EventListener

pytestmark = pytest.mark.usefixtures("running")

WaitForFanouts = Callable[..., None]


@pytest.fixture
def wait_for_fanouts(rows: Rows, until: Until) -> WaitForFanouts:
    return lambda number=1: until(lambda: len(rows("notifications", done=True)) == number)


def test_every_active_user_except_the_author_has_the_post_in_the_inbox(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, wait_for_fanouts: WaitForFanouts
) -> None:
    author = accounts.add("ada", "realtime")
    others = [accounts.add(name) for name in ("ben", "cem", "dia", "eva", "fay", "gil")]
    post = publish_post(author, "Karibu, the bench is open.")
    wait_for_fanouts()
    (notification,) = rows("notifications")
    assert notification["title"] == "author posted"
    assert notification["message"] == "Karibu, the bench is open."
    assert notification["data"] == {"post_id": post.id, "author_id": author, "author_username": "author"}
    assert (notification["kind"], notification["source"]) == ("post_created", post.id)
    assert values(rows("inbox"), "user_id") == others


def test_users_are_asked_who_was_active_at_the_post_by_their_own_clock(
    accounts: Accounts, publish_post: PublishPost, wait_for_fanouts: WaitForFanouts
) -> None:
    created_at = clock.now()
    as_of = created_at + timedelta(seconds=8)
    author = accounts.add("ada")
    post = PostCreated(
        id=new_id(), author_id=author, author_username="ada", text="Karibu", created_at=created_at, as_of=as_of
    )
    publish_post(author, event=post)
    publish_post(author, event=post.model_copy(update={"id": new_id(), "as_of": None}))
    wait_for_fanouts(2)
    asked = {moment for request in accounts.recipient_requests for moment in request.moments or [request.as_of]}
    assert asked == {as_of, created_at}


def test_repeated_event_notifies_each_user_once(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, wait_for_fanouts: WaitForFanouts
) -> None:
    author = accounts.add("ada")
    others = [accounts.add(name, "realtime", "email") for name in ("ben", "cem", "dia", "eva")]
    post = publish_post(author)
    publish_post(author, event=post)
    publish_post(author)
    wait_for_fanouts(2)
    (notification,) = rows("notifications", source=post.id)
    assert values(rows("inbox", notification_id=notification["id"]), "user_id") == others
    assert values(rows("deliveries", notification_id=notification["id"]), "user_id") == others


def test_each_page_publishes_one_event_to_users_who_want_realtime(
    accounts: Accounts, publish_post: PublishPost, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    author = accounts.add("ada", "realtime")
    ben = accounts.add("ben", "realtime")
    accounts.add("cem", "email")
    accounts.add("dia")
    accounts.add("eva", "sms")
    accounts.add("fay")
    gil = accounts.add("gil", "realtime", "sms")
    publish_post(author, "Chai?")
    first, last = listener.next("notification_created"), listener.next("notification_created")
    assert (first["recipients"], last["recipients"]) == ([ben], [gil])
    assert first["notification"] == last["notification"]
    assert first["notification"]["message"] == "Chai?"


def test_deliveries_are_created_for_the_channels_of_each_user(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, wait_for_fanouts: WaitForFanouts
) -> None:
    author = accounts.add("ada", "email")
    ben, cem = accounts.add("ben", "email", "sms", phone="+254711000001"), accounts.add("cem", "realtime")
    publish_post(author)
    wait_for_fanouts()
    assert set(values(rows("deliveries"), "user_id", "channel", "status")) == {
        (ben, "email", "pending"),
        (ben, "sms", "pending"),
    }
    assert len(rows("inbox", user_id=cem)) == 1


def test_retried_fan_out_resumes_after_the_last_page(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    author = accounts.add("ada")
    others = [accounts.add(f"user{number}", "realtime", "email") for number in range(8)]
    accounts.failing_calls = [2]  # the second page
    publish_post(author)
    recipients = [listener.next("notification_created")["recipients"] for _ in range(3)]
    assert recipients == [others[:2], others[2:5], others[5:]]
    assert values(rows("inbox"), "user_id") == others
    assert values(rows("deliveries"), "user_id") == others
    assert accounts.calls == 4  # the retry begins with the second page


def test_fan_out_without_other_users_is_complete(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, wait_for_fanouts: WaitForFanouts
) -> None:
    publish_post(accounts.add("ada"))
    wait_for_fanouts()
    assert rows("inbox") == []
