"""What operators see of deliveries, and do to them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import insert_new
from chassis.errors import Forbidden, Invalid
from chassis.ids import new_id
from notifications.deliveries import DeliveriesService
from notifications.delivery import admin, admin_store
from notifications.models import Delivery, Notification, PostNews
from notifications.service import NotificationsService
from tests.integration.notifications.conftest import Order, Rows
from tests.integration.notifications.people import People
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _idle(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the service without its timers' work: what is due stays so."""
    monkeypatch.setattr("notifications.delivery.sender.Sender.run", lambda _: None)
    start(DeliveriesService, NotificationsService)


@pytest.fixture
def users(people: People) -> list[str]:
    return [people.add(f"user{number}", "email") for number in range(3)]


@pytest.fixture
def end(database: Engine) -> Callable[..., None]:
    """Let deliveries have ended: `end("failed", id=..., user_id=...)`."""

    def end(status: str, notification: str, at: datetime | None = None, **columns: object) -> None:
        change = update(Delivery).where(Delivery.notification_id == notification).filter_by(**columns)
        ended = {"status": status, "attempts": 6, "due_at": None, "updated_at": at or clock.now(), "last_error": "x"}
        with database.begin() as connection:
            connection.execute(change.values(ended))

    return end


def states(rows: Rows, **columns: object) -> list[tuple[str, int, bool]]:
    return [(one["status"], one["attempts"], one["due_at"] is not None) for one in rows("deliveries", **columns)]


DUE = ("pending", 0, True)


def test_the_deliveries_of_a_notification_are_attempted_anew_as_if_never_before(
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc
) -> None:
    wanted, other = order("email", *users), order("email", users[0])
    end("failed", wanted)
    end("failed", other)
    assert rpc("deliveries.retry", OPERATOR, id=wanted) == {"deliveries": 3}
    assert states(rows, notification_id=wanted) == [DUE] * 3
    assert states(rows, notification_id=other) == [("failed", 6, False)]


def test_one_person_and_channel_can_be_chosen(
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc
) -> None:
    wanted = order("email", *users)
    end("failed", wanted)
    assert rpc("deliveries.retry", OPERATOR, id=wanted, user_id=users[1], channel="email") == {"deliveries": 1}
    assert states(rows, user_id=users[1]) == [DUE]
    assert rpc("deliveries.retry", OPERATOR, id=wanted, channel="sms") == {"deliveries": 0}


def test_all_of_a_channel_and_status_since_a_moment_can_be_chosen(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc, people: People
) -> None:
    old, new, text = order("email", *users), order("email", *users), order("sms", people.add("ada", "sms"))
    outage = clock.now() - timedelta(hours=1)
    end("failed", old, outage - timedelta(hours=1))
    end("failed", new, outage + timedelta(minutes=1))
    end("failed", text)
    since = outage.isoformat()
    assert rpc("deliveries.retry", OPERATOR, channel="email", status="failed", since=since) == {"deliveries": 3}
    assert states(rows, notification_id=new) == [DUE] * 3
    assert ("failed", 6, False) in states(rows, notification_id=old)
    assert states(rows, notification_id=text) == [("failed", 6, False)]


def test_what_is_unknown_is_sent_again_only_if_it_is_asked_for_by_that_name(
    people: People, order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc
) -> None:
    notification = order("sms", people.add("ada", "sms"))
    end("unknown", notification)
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert rpc("deliveries.retry", OPERATOR, id=notification, status="unknown") == {"deliveries": 1}
    assert states(rows) == [DUE]


@pytest.mark.parametrize("status", ["sent", "delivered", "sending"])
def test_what_was_sent_or_is_on_its_way_is_neither_retried_nor_parked(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc, status: str
) -> None:
    notification = order("email", users[0])
    end(status, notification)
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert rpc("deliveries.park", OPERATOR, id=notification) == {"deliveries": 0}
    assert [one[0] for one in states(rows)] == [status]


def test_what_is_parked_rests_until_it_is_retried(users: list[str], order: Order, rows: Rows, rpc: Rpc) -> None:
    notification = order("email", *users)
    order("sms", users[0])
    assert rpc("deliveries.park", OPERATOR, channel="email") == {"deliveries": 3}
    assert states(rows, channel="email") == [("cancelled", 0, False)] * 3
    assert {one["last_error"] for one in rows("deliveries", channel="email")} == {"put aside by an operator"}
    assert states(rows, channel="sms") == [DUE]
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 3}
    assert states(rows) == [DUE] * 4


def test_nobody_is_told_of_a_post_that_was_deleted(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc, database: Engine
) -> None:
    notification, post = order("email", users[0]), new_id()
    end("cancelled", notification)
    with Session(database) as session, session.begin():
        session.execute(update(Notification).values(source=post))
        insert_new(session, PostNews, {"post_id": post, "text": None, "changed_at": clock.now()})
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert states(rows) == [("cancelled", 6, False)]


def test_very_many_are_moved_in_small_transactions(
    users: list[str], order: Order, rows: Rows, rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "BATCH", 2)
    sizes: list[int] = []
    change = admin_store._change  # noqa: SLF001 - how large they are is what this test is about

    def counted(*arguments: Any) -> list[datetime]:
        moved = change(*arguments)
        sizes.append(len(moved))
        return moved

    monkeypatch.setattr(admin_store, "_change", counted)
    for _ in range(2):
        order("email", *users)
    assert rpc("deliveries.park", OPERATOR, channel="email") == {"deliveries": 6}
    moved = rpc("deliveries.retry", OPERATOR, channel="email", status="cancelled", since=LONG_AGO)
    assert moved == {"deliveries": 6}
    assert sizes == [2, 2, 2, 0, 2, 2, 2, 0]
    assert states(rows) == [DUE] * 6


def test_what_fails_again_at_once_is_not_retried_for_ever(
    users: list[str], order: Order, end: Callable[..., None], rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "BATCH", 1)
    notification = order("email", *users)
    end("failed", notification, clock.now() - timedelta(minutes=1))
    revive = admin_store.revive

    def revive_and_fail(*arguments: Any) -> list[datetime]:
        moved = revive(*arguments)
        arguments[0].execute(update(Delivery).where(Delivery.status == "pending").values(status="failed", due_at=None))
        return moved

    monkeypatch.setattr(admin_store, "revive", revive_and_fail)
    moved = rpc("deliveries.retry", OPERATOR, channel="email", status="failed", since=LONG_AGO)
    assert moved == {"deliveries": 3}


def test_the_overview_counts_by_channel_and_status_and_says_since_when_something_waits(
    users: list[str], order: Order, end: Callable[..., None], rows: Rows, rpc: Rpc
) -> None:
    order("email", *users)
    end("sent", order("email", users[0]))
    email, sms = rpc("deliveries.status", OPERATOR)["items"]
    assert email["deliveries"] == {"pending": 3, "sent": 1}
    oldest = min(one["due_at"] for one in rows("deliveries", status="pending"))
    assert email["oldest_due"] == oldest.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert sms == {"channel": "sms", "breaker": "closed", "deliveries": {}, "oldest_due": None}


def test_the_whole_story_of_a_notification_is_told(
    users: list[str], order: Order, end: Callable[..., None], rpc: Rpc, people: People
) -> None:
    notification = order("email", *users, title="Tea", message="Chai?")
    end("failed", notification, user_id=users[0])
    order("email", people.add("somebody else", "email"))
    story = rpc("notifications.detail", OPERATOR, id=notification)
    assert (story["title"], story["message"]) == ("Tea", "Chai?")
    told = [(one["user_id"], one["status"], one["attempts"], one["last_error"]) for one in story["deliveries"]]
    assert told == [(users[0], "failed", 6, "x"), (users[1], "pending", 0, None), (users[2], "pending", 0, None)]
    assert [one["due_at"] is None for one in story["deliveries"]] == [True, False, False]


@pytest.mark.parametrize("method", ["retry", "park", "status"])
def test_only_operators_may(rpc: Rpc, method: str) -> None:
    arguments = {"status": {}, "retry": {"id": new_id()}, "park": {"id": new_id()}}[method]
    with pytest.raises(Forbidden):
        rpc(f"deliveries.{method}", GATEWAY, **arguments)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("retry", {}),
        ("retry", {"channel": "email", "status": "failed"}),
        ("retry", {"user_id": new_id()}),
        ("park", {}),
        ("park", {"user_id": new_id()}),
    ],
)
def test_a_choice_that_would_mean_everything_is_rejected(rpc: Rpc, method: str, arguments: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="expected the id of a notification"):
        rpc(f"deliveries.{method}", OPERATOR, **arguments)


def test_the_field_that_is_wrong_is_named(rpc: Rpc) -> None:
    with pytest.raises(Invalid, match="status"):
        rpc("deliveries.retry", OPERATOR, id=new_id(), status="sent")
