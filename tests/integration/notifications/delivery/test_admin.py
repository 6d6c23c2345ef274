"""What operators see of deliveries, and do to them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import insert_new
from chassis.errors import Invalid
from chassis.ids import new_id
from notifications.deliveries import DeliveriesService
from notifications.delivery import admin, admin_store
from notifications.delivery.sender import Sender
from notifications.models import Delivery, Notification, PostUpdate
from notifications.service import NotificationsService
from tests.integration.notifications.support import CreateDeliveries, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.rpc import OPERATOR, Rpc

LONG_AGO = "2020-01-01T00:00:00Z"
DUE = ("pending", 0, True)
FAILED = ("failed", 6, False)

Finish = Callable[..., None]


@pytest.fixture(autouse=True)
def _start_without_sending(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sender, "run", lambda _: None)
    start(DeliveriesService, NotificationsService)


@pytest.fixture
def users(accounts: Accounts) -> list[str]:
    return [accounts.add(f"user{number}", "email") for number in range(3)]


@pytest.fixture
def finish(database: Engine) -> Finish:
    """Finish deliveries of a notification after six attempts: `finish("failed", notification, user_id=...)`."""

    def finish(status: str, notification: str, at: datetime | None = None, **filters: object) -> None:
        change = update(Delivery).where(Delivery.notification_id == notification).filter_by(**filters)
        finished = {"status": status, "attempts": 6, "due_at": None, "updated_at": at or clock.now(), "last_error": "x"}
        with database.begin() as connection:
            connection.execute(change.values(finished))

    return finish


def states(rows: Rows, **filters: object) -> list[tuple[str, int, bool]]:
    """Return status, attempts, and whether it is due, of each delivery."""
    return [(row["status"], row["attempts"], row["due_at"] is not None) for row in rows("deliveries", **filters)]


def test_retry_selects_by_notification_user_and_channel_and_starts_without_attempts(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc
) -> None:
    selected, other = create_deliveries("email", *users), create_deliveries("email", users[0])
    finish("failed", selected)
    finish("failed", other)
    assert rpc("deliveries.retry", OPERATOR, id=selected, channel="sms") == {"deliveries": 0}
    assert rpc("deliveries.retry", OPERATOR, id=selected, user_id=users[1], channel="email") == {"deliveries": 1}
    assert states(rows, notification_id=selected) == [FAILED, DUE, FAILED]
    assert rpc("deliveries.retry", OPERATOR, id=selected) == {"deliveries": 2}
    assert states(rows, notification_id=selected) == [DUE] * 3
    assert states(rows, notification_id=other) == [FAILED]


def test_retry_by_channel_status_and_time_selects_what_ended_since(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc, accounts: Accounts
) -> None:
    old, new = create_deliveries("email", *users), create_deliveries("email", *users)
    sms = create_deliveries("sms", accounts.add("ada", "sms"))
    outage = clock.now() - timedelta(hours=1)
    finish("failed", old, outage - timedelta(hours=1))
    finish("failed", new, outage + timedelta(minutes=1))
    finish("failed", sms)
    selection = {"channel": "email", "status": "failed", "since": outage.isoformat()}
    assert rpc("deliveries.retry", OPERATOR, **selection) == {"deliveries": 3}
    assert states(rows, notification_id=new) == [DUE] * 3
    assert states(rows, notification_id=old) == [FAILED] * 3
    assert states(rows, notification_id=sms) == [FAILED]


def test_unknown_delivery_is_retried_only_if_its_status_is_requested(
    accounts: Accounts, create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc
) -> None:
    notification = create_deliveries("sms", accounts.add("ada", "sms"))
    finish("unknown", notification)
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert rpc("deliveries.retry", OPERATOR, id=notification, status="unknown") == {"deliveries": 1}
    assert states(rows) == [DUE]


def test_sent_and_sending_deliveries_are_neither_retried_nor_parked(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc
) -> None:
    notification = create_deliveries("email", *users)
    for status, user in zip(("sent", "delivered", "sending"), users, strict=True):
        finish(status, notification, user_id=user)
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert rpc("deliveries.park", OPERATOR, id=notification) == {"deliveries": 0}
    assert values(rows("deliveries"), "status") == ["sent", "delivered", "sending"]


def test_parked_deliveries_are_cancelled_until_they_are_retried(
    users: list[str], create_deliveries: CreateDeliveries, rows: Rows, rpc: Rpc
) -> None:
    notification = create_deliveries("email", *users)
    create_deliveries("sms", users[0])
    assert rpc("deliveries.park", OPERATOR, channel="email") == {"deliveries": 3}
    assert states(rows, channel="email") == [("cancelled", 0, False)] * 3
    assert set(values(rows("deliveries", channel="email"), "last_error")) == {"put aside by an operator"}
    assert states(rows, channel="sms") == [DUE]
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 3}
    assert states(rows) == [DUE] * 4


def test_deliveries_about_a_deleted_post_are_not_retried(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc, database: Engine
) -> None:
    notification, post = create_deliveries("email", users[0]), new_id()
    finish("cancelled", notification)
    with Session(database) as session, session.begin():
        session.execute(update(Notification).values(source=post))
        insert_new(session, PostUpdate, {"post_id": post, "text": None, "changed_at": clock.now()})
    assert rpc("deliveries.retry", OPERATOR, id=notification) == {"deliveries": 0}
    assert states(rows) == [("cancelled", 6, False)]


def test_many_deliveries_are_changed_in_small_transactions(
    users: list[str], create_deliveries: CreateDeliveries, rows: Rows, rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "BATCH", 2)
    sizes: list[int] = []
    original = admin_store._update  # noqa: SLF001 - this test is about the size of its batches

    def counted(*arguments: Any) -> list[datetime]:
        updated = original(*arguments)
        sizes.append(len(updated))
        return updated

    monkeypatch.setattr(admin_store, "_update", counted)
    for _ in range(2):
        create_deliveries("email", *users)
    assert rpc("deliveries.park", OPERATOR, channel="email") == {"deliveries": 6}
    selection = {"channel": "email", "status": "cancelled", "since": LONG_AGO}
    assert rpc("deliveries.retry", OPERATOR, **selection) == {"deliveries": 6}
    assert sizes == [2, 2, 2, 0, 2, 2, 2, 0]
    assert states(rows) == [DUE] * 6


def test_delivery_that_fails_again_at_once_is_retried_once(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rpc: Rpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "BATCH", 1)
    notification = create_deliveries("email", *users)
    finish("failed", notification, clock.now() - timedelta(minutes=1))
    make_due = admin_store.make_due

    def make_due_and_fail(session: Session, *arguments: Any) -> list[datetime]:
        moved = make_due(session, *arguments)
        session.execute(update(Delivery).where(Delivery.status == "pending").values(status="failed", due_at=None))
        return moved

    monkeypatch.setattr(admin_store, "make_due", make_due_and_fail)
    selection = {"channel": "email", "status": "failed", "since": LONG_AGO}
    assert rpc("deliveries.retry", OPERATOR, **selection) == {"deliveries": 3}


def test_status_counts_by_channel_and_has_the_oldest_due_time(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rows: Rows, rpc: Rpc
) -> None:
    create_deliveries("email", *users)
    finish("sent", create_deliveries("email", users[0]))
    email, sms = rpc("deliveries.status", OPERATOR)["items"]
    assert email["deliveries"] == {"pending": 3, "sent": 1}
    oldest = min(row["due_at"] for row in rows("deliveries", status="pending"))
    assert email["oldest_due"] == oldest.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert sms == {"channel": "sms", "breaker": "closed", "deliveries": {}, "oldest_due": None}


def test_operator_sees_all_deliveries_of_a_notification(
    users: list[str], create_deliveries: CreateDeliveries, finish: Finish, rpc: Rpc, accounts: Accounts
) -> None:
    notification = create_deliveries("email", *users, title="Tea", message="Chai?")
    finish("failed", notification, user_id=users[0])
    create_deliveries("email", accounts.add("other", "email"))
    detail = rpc("notifications.detail", OPERATOR, id=notification)
    assert (detail["title"], detail["message"]) == ("Tea", "Chai?")
    assert values(detail["deliveries"], "user_id", "status", "attempts", "last_error") == [
        (users[0], "failed", 6, "x"),
        (users[1], "pending", 0, None),
        (users[2], "pending", 0, None),
    ]
    assert [delivery["due_at"] is None for delivery in detail["deliveries"]] == [True, False, False]


def test_selection_of_all_deliveries_is_rejected(rpc: Rpc) -> None:
    for method, arguments in (
        ("retry", {}),
        ("retry", {"channel": "email", "status": "failed"}),
        ("retry", {"user_id": new_id()}),
        ("park", {}),
        ("park", {"user_id": new_id()}),
    ):
        with pytest.raises(Invalid, match="expected the id of a notification"):
            rpc(f"deliveries.{method}", OPERATOR, **arguments)
