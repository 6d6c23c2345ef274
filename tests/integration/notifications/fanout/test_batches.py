"""The fan-out of many posts at the same time."""

from collections.abc import Callable
from typing import Any

import pytest
from eventlet.event import Event as Signal
from nameko.runners import ServiceRunner

from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import PublishPost, Rows, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.events import Listen

POSTS = 12

Waiting = Callable[..., list[str]]
Handled = Callable[[], None]


@pytest.fixture
def waiting(
    start: Callable[..., ServiceRunner], publish_post: PublishPost, settings: dict[str, Any]
) -> Callable[..., list[str]]:
    """Publish posts that wait while notifications is down; return their ids."""
    settings["notifications"]["audience"]["page"] = 1000
    start(UsersService, NotificationsService).stop()

    def waiting(author: str, number: int = POSTS) -> list[str]:
        return [publish_post(author, f"post {n}").id for n in range(number)]

    return waiting


@pytest.fixture
def handled(
    runner_factory: Callable[..., ServiceRunner], settings: dict[str, Any], rows: Rows, until: Until
) -> Handled:
    """Start the services, and wait until no post waits any more."""

    def handled() -> None:
        runner_factory(settings, UsersService, NotificationsService).start()
        until(lambda: len(rows("notifications", done=True)) == POSTS)

    return handled


def test_waiting_posts_are_notified_in_their_order_with_few_calls_and_events(
    accounts: Accounts, waiting: Waiting, handled: Handled, rows: Rows, listen: Listen
) -> None:
    ada, ben = accounts.add("ada", "realtime"), accounts.add("ben", "realtime", "email")
    cem = accounts.add("cem")
    posts = waiting(ada)
    events = listen("notifications")
    handled()
    assert len(accounts.recipient_requests) < POSTS
    source = {row["id"]: row["source"] for row in rows("notifications")}
    for user in (ben, cem):
        assert [source[id_] for id_ in values(rows("inbox", user_id=user), "notification_id")] == posts
    assert rows("inbox", user_id=ada) == []
    assert {row["user_id"] for row in rows("deliveries")} == {ben}
    assert len(rows("deliveries")) == POSTS
    items = events.next("notifications_created")["items"]
    numbers = {source[item["notification"]["id"]]: item["seqs"] for item in items}
    assert all(item["recipients"] == [ben] for item in items)
    assert all(numbers[post] == [posts.index(post) + 1] for post in numbers)


def test_each_post_notifies_those_who_were_active_at_its_time(
    accounts: Accounts, waiting: Waiting, handled: Handled, rows: Rows
) -> None:
    ada, ben, cem = accounts.add("ada"), accounts.add("ben"), accounts.add("cem")
    waiting(ada)
    accounts.inactive = {ben: list(range(100))}
    handled()
    assert len(rows("inbox", user_id=cem)) == POSTS
    assert len(rows("inbox", user_id=ben)) < POSTS


def test_users_of_the_previous_version_is_asked_for_each_post(
    accounts: Accounts, waiting: Waiting, handled: Handled, rows: Rows
) -> None:
    ada, ben = accounts.add("ada"), accounts.add("ben")
    waiting(ada)
    accounts.inactive = None
    handled()
    assert len([request for request in accounts.recipient_requests if request.moments is None]) >= POSTS - 1
    assert len(rows("inbox", user_id=ben)) == POSTS


def test_failed_call_for_a_batch_loses_and_doubles_nothing(
    accounts: Accounts, waiting: Waiting, handled: Handled, rows: Rows
) -> None:
    ada, ben = accounts.add("ada", "realtime"), accounts.add("ben", "realtime", "email")
    posts = waiting(ada)
    accounts.failing_calls = [1, 2, 5]
    handled()
    assert sorted(values(rows("notifications"), "source")) == sorted(posts)
    assert len(rows("inbox", user_id=ben)) == len(rows("deliveries", user_id=ben)) == POSTS


@pytest.mark.usefixtures("running")
def test_post_behind_a_large_one_does_not_wait_for_all_of_its_pages(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, *others = [accounts.add(f"user{number}") for number in range(40)]  # pages of three
    second_page, published = Signal(), Signal()

    def wait_before_second_page() -> None:
        accounts.calls += 1
        if accounts.calls == 2:
            second_page.send()
            published.wait()

    monkeypatch.setattr(accounts, "count_call", wait_before_second_page)
    large = publish_post(ada, "large")
    second_page.wait()
    small = publish_post(ada, "small")
    published.send()
    until(lambda: len(rows("notifications", done=True)) == 2)
    order = {row["id"]: row["source"] for row in rows("notifications")}
    inbox = [order[row["notification_id"]] for row in rows("inbox")]
    assert len(inbox) == 2 * len(others)
    assert inbox.index(small.id) < len(inbox) - 1 - inbox[::-1].index(large.id), "they alternate"
