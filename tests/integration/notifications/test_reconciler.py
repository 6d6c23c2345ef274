"""Fan-outs that stopped half way are gone on with, from nothing but their row."""

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
from notifications.models import Erased, Notification
from notifications.service import NotificationsService
from tests.integration.notifications.conftest import Publish, Rows, Until
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.rpc import OPERATOR, Rpc

Stop = Callable[..., str]
Reconcile = Callable[[], None]


@pytest.fixture
def stop(database: Engine) -> Stop:
    """Leave a fan-out of some minutes ago as a process left it that died on the way; returns the post's id."""

    def stop(author: str, reached: str | None, **columns: object) -> str:
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

    return stop


@pytest.fixture
def reconcile(told: ServiceRunner) -> Reconcile:
    """Run a round now, as the timer does each minute."""

    def reconcile() -> None:
        with entrypoint_hook(get_container(told, NotificationsService), "finish_fan_outs") as run:
            run()

    return reconcile


def test_a_fan_out_goes_on_after_the_last_one_it_reached(
    people: People, stop: Stop, reconcile: Reconcile, rows: Rows
) -> None:
    author, *others = [people.add(f"user{number}", "email") for number in range(9)]
    post = stop(author, reached=others[2])
    reconcile()
    assert [row["user_id"] for row in rows("inbox")] == others[3:]
    assert [row["user_id"] for row in rows("deliveries")] == others[3:]
    (notification,) = rows("notifications")
    assert (notification["done"], notification["source"]) == (True, post)
    reconcile()
    assert len(rows("inbox")) == 5
    assert {one.as_of for one in people.asked} == {notification["as_of"]}


def test_one_that_began_a_moment_ago_is_left_to_whoever_is_at_it(
    people: People, stop: Stop, reconcile: Reconcile, rows: Rows
) -> None:
    author, _ben = people.add("ada"), people.add("ben")
    stop(author, None, created_at=clock.now())
    reconcile()
    assert rows("inbox") == []


def test_an_outage_of_users_that_outlasts_all_attempts_loses_nobody(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    told: ServiceRunner,
    people: People,
    publish: Publish,
    reconcile: Reconcile,
    database: Engine,
    rows: Rows,
    rpc: Rpc,
    until: Until,
) -> None:
    assert told
    author, *others = [people.add(f"user{number}", "realtime") for number in range(5)]
    people.failures = range(1, 1000)
    post = publish(author)
    until(lambda: parked(rpc) == 1)
    (begun,) = rows("notifications")
    assert (begun["source"], begun["done"], begun["reached"]) == (post.id, False, None)
    assert abs(begun["as_of"] - post.created_at) < timedelta(milliseconds=1)
    let_minutes_pass(database)
    people.failures = []
    reconcile()
    assert [row["user_id"] for row in rows("inbox")] == others
    rpc("notifications.replay_parked", OPERATOR, handler="on_post_created")
    until(lambda: parked(rpc) == 0)
    publish(author)  # in order after the replayed one
    until(lambda: len(rows("notifications", done=True)) == 2)
    assert [row["user_id"] for row in rows("inbox", notification_id=begun["id"])] == others


def test_a_round_ends_at_once_and_with_one_line_while_users_is_away(
    people: People, stop: Stop, reconcile: Reconcile, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    author = people.add("ada")
    for _ in range(5):
        stop(author, None)
    people.failures = range(1, 1000)
    reconcile()
    assert people.calls == 1
    assert [line.message for line in caplog.records if line.name == "notifications.fanout.reconciler"] == [
        "5 fan-out(s) wait: unavailable: Users is having a bad moment."
    ]
    assert len(rows("notifications", done=False)) == 5


def test_nobody_is_told_of_a_post_whose_author_has_left_meanwhile(
    people: People, stop: Stop, reconcile: Reconcile, database: Engine, rows: Rows
) -> None:
    left, erased, _ben = people.add("ada"), people.add("ann"), people.add("ben")
    stop(left, None)
    stop(erased, None, author_id=None)
    with database.begin() as connection:
        connection.execute(insert(Erased), {"user_id": left})
    reconcile()
    assert rows("inbox") == []
    assert [row["done"] for row in rows("notifications")] == [True, True]


def test_a_row_of_the_version_before_is_finished_too(
    people: People, stop: Stop, reconcile: Reconcile, rows: Rows
) -> None:
    author, ben = people.add("ada"), people.add("ben")
    stop(author, None, as_of=None)
    reconcile()
    assert [row["user_id"] for row in rows("inbox")] == [ben]


def test_two_replicas_that_go_on_with_the_same_post_tell_everybody_once(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    settings: dict[str, Any],
    people: People,
    stop: Stop,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    rows: Rows,
    until: Until,
) -> None:
    settings["notifications"]["audience"]["reconcile"] = 0.2
    start(UsersService, NotificationsService)
    runner_factory(settings, NotificationsService).start()
    author, *others = [people.add(f"user{number}", "email", "realtime") for number in range(40)]
    for _ in range(3):
        stop(author, None)
    until(lambda: len(rows("notifications", done=True)) == 3)
    assert len(rows("inbox")) == len(rows("deliveries")) == 3 * len(others)


def let_minutes_pass(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(Notification).values(created_at=clock.now() - timedelta(minutes=3)))


def parked(rpc: Rpc) -> int:
    handlers = {one["handler"]: one for one in rpc("notifications.parked", OPERATOR)["handlers"]}
    return int(handlers["on_post_created"]["parked"])
