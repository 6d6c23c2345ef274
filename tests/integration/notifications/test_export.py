"""The export of a user's inbox and deliveries has what the database has."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from notifications.delivery import delivery_store
from notifications.export import SECTIONS
from notifications.fanout import account_messages
from notifications.inbox import inbox_store, notification_store, read_state
from notifications.models import Delivery, DeliveryReceipt, InboxRow, Notification
from notifications.service import NotificationsService
from notifications.texts import Content
from tests.integration.notifications.support import user
from tests.integration.notifications.users_service import UsersService
from tests.integration.support.databases import unit_of_work
from tests.integration.support.export import Data, check_rows, read_all, rows
from tests.integration.support.rpc import Rpc
from users.contract import Channel, CodeIssued

SECTION = {section.name: section for section in SECTIONS}
ADA, BEN = new_id(), new_id()


@pytest.fixture
def notifications(start: Any, database: Engine) -> list[str]:
    """Notify two users by several channels; return the ids in the order of the inbox."""
    start(UsersService, NotificationsService)
    ids = []
    with unit_of_work(database).write() as session:
        for number in range(4):
            content = Content("message", f"Title {number}", f"Text {number}", {"number": number})
            notification = notification_store.create(session, content)
            inbox_store.add(session, {notification.id: [ADA, BEN]})
            channels: tuple[Channel, ...] = ("email", "sms") if number % 2 else ("email",)
            for channel in channels:
                delivery_store.create(session, channel, {notification.id: [BEN, ADA]}, channels_forced=number == 0)
            ids.append(notification.id)
        own = notification_store.create(session, Content("message", "Only for Ben", "Ben's own"))
        inbox_store.add(session, {own.id: [BEN]})
        read_state.mark_read(session, ADA, ids[:1])
        for user in (ADA, BEN):
            issued = CodeIssued(
                id=new_id(),
                user_id=user,
                channel="email",
                purpose="verify_email",
                expires_at=clock.now() + timedelta(minutes=15),
            )
            account_messages.create_code(session, issued)
    return ids


@pytest.fixture
def receipt(notifications: list[str], database: Engine) -> dict[str, Any]:  # noqa: ARG001 - they are there
    """Store a report of the provider about one of Ada's deliveries."""
    with Session(database) as session, session.begin():
        delivery = session.query(Delivery).filter_by(user_id=ADA, channel="sms").first()
        assert delivery is not None
        delivery.provider_id, delivery.status = "ATXid_1", "failed"
        values = {"provider_id": "ATXid_1", "status": "failed", "reason": "AbsentSubscriber", "created_at": clock.now()}
        session.execute(insert(DeliveryReceipt), values)
        return {"notification_id": delivery.notification_id, "reason": "AbsentSubscriber"}


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_export_has_every_row_of_the_user_with_every_column(
    notifications: list[str], receipt: dict[str, Any], rpc: Rpc, database: Engine, limit: int
) -> None:
    data = read_all(rpc, "notifications", ADA, limit)
    check_rows(SECTION["notifications"], data["notifications"], rows(database, InboxRow, user_id=ADA))
    check_contents(data, database)
    deliveries = rows(database, Delivery, user_id=ADA)
    in_inbox = sorted(
        (row for row in deliveries if not row["urgent"]),
        key=lambda row: (notifications.index(row["notification_id"]), row["channel"]),
    )
    assert len(in_inbox) == 6
    names = {"channels_forced": "chosen"}
    for found, expected in (
        (data["deliveries"], in_inbox),
        (data["account_deliveries"], [row for row in deliveries if row["urgent"]]),
    ):
        own = [name for name in SECTION["deliveries"].columns if not name.startswith("receipt_")]
        assert [[one[name] for name in own] for one in found] == [
            [row[names.get(name, name)] for name in own] for row in expected
        ]
    (reported,) = [one for one in data["deliveries"] if one["receipt_status"]]
    assert (reported["notification_id"], reported["receipt_reason"]) == (receipt["notification_id"], receipt["reason"])


def check_contents(data: Data, database: Engine) -> None:
    """Compare the contents of notifications and of codes with their table."""
    contents = {row["id"]: row for row in rows(database, Notification)}
    for one in data["notifications"]:
        row = contents[one["id"]]
        assert all(one[name] == row[name] for name in ("kind", "title", "message", "data", "created_at", "changed_at"))
    (code,) = data["account_deliveries"]
    row = contents[code["notification_id"]]
    assert all(code[name] == row[name] for name in ("title", "message", "created_at"))


def test_inbox_is_the_one_that_the_user_sees(notifications: list[str], rpc: Rpc) -> None:
    seen = rpc("notifications.inbox", user(ADA))["items"]
    exported = read_all(rpc, "notifications", ADA)["notifications"]
    assert [one["id"] for one in exported] == notifications
    assert [{name: value for name, value in one.items() if name != "changed_at"} for one in exported] == seen[::-1]


def test_export_has_nothing_of_another_user(notifications: list[str], rpc: Rpc) -> None:
    assert notifications
    text = json.dumps(read_all(rpc, "notifications", ADA))
    assert BEN not in text
    assert "Ben" not in text
