"""Posts whose events notifications did not receive, with the real feeds service."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from kombu import Connection
from nameko.runners import ServiceRunner

from chassis.reconciliation import reconciler
from feeds.service import FeedsService
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import Rows, user, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.rpc import Rpc

QUEUES = [f"evt-feeds-post_{event}--notifications.on_post_{event}" for event in ("created", "updated", "deleted")]


@pytest.fixture(autouse=True)
def short_intervals(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    settings["events"]["reconcile"] = 0.2
    monkeypatch.setattr(reconciler, "GRACE", timedelta(seconds=0.6))


@pytest.fixture
def lose_queues(settings: dict[str, Any]) -> Callable[[], None]:
    """Delete the queues of posts, after binding another one, so that their events count as routed."""

    def lose_queues() -> None:
        with Connection(settings["AMQP_URI"]) as connection, connection.channel() as channel:
            other = channel.queue_declare("other", durable=True).queue
            channel.queue_bind(other, "feeds.events", "#")
            for queue in QUEUES:
                channel.queue_delete(queue)

    return lose_queues


def test_each_post_made_while_the_queues_are_missing_notifies_each_user_once(
    accounts: Accounts,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    settings: dict[str, Any],
    lose_queues: Callable[[], None],
    rpc: Rpc,
    rows: Rows,
    until: Until,
) -> None:
    ada, *others = [accounts.add(name) for name in ("ada", "ben", "cem", "dia", "eva")]
    start(UsersService, FeedsService)
    consumer = start(NotificationsService)
    first = rpc("feeds.create", user(ada), text="received")
    until(lambda: rows("notifications", done=True))
    consumer.stop()
    lose_queues()
    lost = [rpc("feeds.create", user(ada), text=f"lost {number}") for number in range(5)]
    rpc("feeds.edit", user(ada), id=lost[0]["id"], text="edited")
    again = runner_factory(settings, NotificationsService)
    again.start()
    posts = [first, *lost]
    until(lambda: len(rows("notifications", done=True)) == len(posts))
    until(lambda: rows("notifications", message="edited"))
    notifications = rows("notifications")
    assert sorted(values(notifications, "source")) == sorted(post["id"] for post in posts)
    assert sorted(values(notifications, "message")) == ["edited", "lost 1", "lost 2", "lost 3", "lost 4", "received"]
    assert sorted(values(rows("inbox"), "user_id")) == sorted(others * len(posts))
