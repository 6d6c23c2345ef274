"""The reconciler resumes interrupted fan-outs from their rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from nameko.testing.utils import get_container
from sqlalchemy import Engine, insert, update

from chassis import clock
from chassis.ids import new_id
from notifications.models import ErasedAccount, Notification
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import PublishPost, Rows, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.rpc import OPERATOR, Rpc

Interrupt = Callable[..., str]
Reconcile = Callable[[], None]


@pytest.fixture
def interrupt(database: Engine) -> Interrupt:
    """Create the row of a fan-out whose process crashed some minutes ago; return the post's id."""

    def interrupt(author: str, reached: str | None = None, **columns: object) -> str:
        row = {
            "id": new_id(),
            "kind": "post_created",
            "title": "ada posted",
            "message": "Karibu",
            "data": {},
            "created_at": clock.now() - timedelta(minutes=3),
            "source": new_id(),
            "author_id": author,
            "reached": reached,
            "done": False,
            "as_of": clock.now() - timedelta(minutes=4),
        }
        with database.begin() as connection:
            connection.execute(insert(Notification), row | columns)
        return str(row["source"])

    return interrupt


@pytest.fixture
def reconcile(running: ServiceRunner) -> Reconcile:
    """Run the reconciler once, as its timer does."""

    def reconcile() -> None:
        with entrypoint_hook(get_container(running, NotificationsService), "resume_fanouts") as run:
            run()

    return reconcile


def parked(rpc: Rpc) -> int:
    handlers = {handler["handler"]: handler for handler in rpc("notifications.parked", OPERATOR)["handlers"]}
    return int(handlers["on_post_created"]["parked"])


def test_fan_out_resumes_after_the_last_user_it_reached(
    accounts: Accounts, interrupt: Interrupt, reconcile: Reconcile, rows: Rows
) -> None:
    author, *others = [accounts.add(f"user{number}", "email") for number in range(9)]
    post = interrupt(author, reached=others[2])
    for _ in range(2):
        reconcile()
    assert values(rows("inbox"), "user_id") == others[3:]
    assert values(rows("deliveries"), "user_id") == others[3:]
    (notification,) = rows("notifications")
    assert (notification["done"], notification["source"]) == (True, post)
    assert {request.as_of for request in accounts.recipient_requests} == {notification["as_of"]}


def test_recent_fan_out_is_not_resumed(
    accounts: Accounts, interrupt: Interrupt, reconcile: Reconcile, rows: Rows
) -> None:
    author, _ben = accounts.add("ada"), accounts.add("ben")
    interrupt(author, created_at=clock.now())
    reconcile()
    assert rows("inbox") == []


def test_outage_of_users_that_outlasts_all_retries_loses_no_notification(
    accounts: Accounts,
    publish_post: PublishPost,
    reconcile: Reconcile,
    database: Engine,
    rows: Rows,
    rpc: Rpc,
    until: Until,
) -> None:
    author, *others = [accounts.add(f"user{number}", "realtime") for number in range(5)]
    accounts.failing_calls = range(1, 1000)
    post = publish_post(author)
    until(lambda: parked(rpc) == 1)
    (notification,) = rows("notifications")
    assert (notification["source"], notification["done"], notification["reached"]) == (post.id, False, None)
    assert abs(notification["as_of"] - post.created_at) < timedelta(milliseconds=1)
    with database.begin() as connection:
        connection.execute(update(Notification).values(created_at=clock.now() - timedelta(minutes=3)))
    accounts.failing_calls = []
    reconcile()
    assert values(rows("inbox"), "user_id") == others
    rpc("notifications.replay_parked", OPERATOR, handler="on_post_created")
    until(lambda: parked(rpc) == 0)
    publish_post(author)  # handled after the replayed event
    until(lambda: len(rows("notifications", done=True)) == 2)
    assert values(rows("inbox", notification_id=notification["id"]), "user_id") == others


def test_run_ends_with_one_warning_if_users_is_unavailable(
    accounts: Accounts, interrupt: Interrupt, reconcile: Reconcile, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    author = accounts.add("ada")
    for _ in range(5):
        interrupt(author)
    accounts.failing_calls = range(1, 1000)
    reconcile()
    assert accounts.calls == 1
    assert [record.message for record in caplog.records if record.name == "notifications.fanout.reconciler"] == [
        "5 fan-out(s) are delayed: unavailable: users is unavailable"
    ]
    assert len(rows("notifications", done=False)) == 5


def test_post_of_an_erased_author_is_completed_without_recipients(
    accounts: Accounts, interrupt: Interrupt, reconcile: Reconcile, database: Engine, rows: Rows
) -> None:
    erased, erased_and_redacted = accounts.add("ada"), accounts.add("ann")
    accounts.add("ben")
    interrupt(erased)
    interrupt(erased_and_redacted, author_id=None)
    with database.begin() as connection:
        connection.execute(insert(ErasedAccount), {"user_id": erased})
    reconcile()
    assert rows("inbox") == []
    assert values(rows("notifications"), "done") == [True, True]


def test_row_of_an_older_version_is_completed(
    accounts: Accounts, interrupt: Interrupt, reconcile: Reconcile, rows: Rows
) -> None:
    author, ben = accounts.add("ada"), accounts.add("ben")
    interrupt(author, as_of=None)
    reconcile()
    assert values(rows("inbox"), "user_id") == [ben]


def test_concurrent_replicas_notify_each_user_once(
    settings: dict[str, Any],
    accounts: Accounts,
    interrupt: Interrupt,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    rows: Rows,
    until: Until,
) -> None:
    settings["notifications"]["audience"]["reconcile"] = 0.2
    start(UsersService, NotificationsService)
    runner_factory(settings, NotificationsService).start()
    author, *others = [accounts.add(f"user{number}", "email", "realtime") for number in range(40)]
    for _ in range(3):
        interrupt(author)
    until(lambda: len(rows("notifications", done=True)) == 3)
    assert len(rows("inbox")) == len(rows("deliveries")) == 3 * len(others)
