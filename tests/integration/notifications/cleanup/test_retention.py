"""Old rows are removed; all others stay."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, insert

from chassis import clock, ids
from chassis.auth.caller import Caller
from chassis.ids import new_id
from feeds.contract import PostCreated
from notifications.cleanup import retention
from notifications.cleanup.retention import Retention
from notifications.contract import BEGINNING
from notifications.deliveries import DeliveriesService
from notifications.models import Base, Delivery, DeliveryReceipt, InboxRow, Notification, PostUpdate, SmsCount
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import PublishPost, Rows, user, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.databases import unit_of_work
from tests.integration.support.rpc import GATEWAY, Rpc

DAYS = 90
OLD, RECENT = timedelta(days=DAYS, minutes=1), timedelta(days=DAYS, minutes=-1)
ADA, BEN = new_id(), new_id()

Run = Callable[..., None]


class Past:
    """Inserts rows with times in the past."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        self._numbers = itertools.count()

    def notification(self, age: timedelta = OLD, **columns: object) -> str:
        created_at = clock.now() - age
        row = {
            "id": f"{ids.first_id(created_at)[:24]}{next(self._numbers):012x}",  # in the order of creation
            "kind": "message",
            "title": "Tea",
            "message": "Chai?",
            "data": {},
            "created_at": created_at,
            "done": True,
        }
        self.add(Notification, **(row | columns))
        return str(row["id"])

    def in_inbox(self, notification: str, user_id: str, read: timedelta | None = None) -> str:
        self.add(InboxRow, notification_id=notification, user_id=user_id, read_at=read and clock.now() - read)
        return notification

    def delivery(self, notification: str, user_id: str, age: timedelta, due_at: datetime | None = None) -> str:
        row = {"notification_id": notification, "user_id": user_id, "channel": "email", "chosen": False, "attempts": 1}
        self.add(Delivery, **row, status="sent", due_at=due_at, updated_at=clock.now() - age)
        return notification

    def add(self, table: type[Base], **columns: object) -> None:
        with self._database.begin() as connection:
            connection.execute(insert(table), columns)


@pytest.fixture
def past(database: Engine) -> Past:
    return Past(database)


@pytest.fixture
def run(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Remove old rows, twice: the second run finds none."""
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "PAUSE", 0)

    def run(days: int = DAYS) -> None:
        for _ in range(2):
            Retention(days).run(unit_of_work(database))

    return run


def test_read_inbox_rows_are_removed_when_they_are_old(past: Past, rows: Rows, run: Run) -> None:
    for _ in range(7):
        past.in_inbox(past.notification(), ADA, read=OLD)
    recent = past.in_inbox(past.notification(), ADA, read=RECENT)
    unread = past.in_inbox(past.notification(), ADA)
    shared = past.in_inbox(past.in_inbox(past.notification(), ADA, read=OLD), BEN)
    run()
    assert values(rows("inbox"), "notification_id") == [recent, unread, shared]
    assert set(values(rows("notifications"), "id")) == {recent, unread, shared}


def test_old_finished_deliveries_are_removed_although_the_inbox_row_stays(past: Past, rows: Rows, run: Run) -> None:
    unread = past.in_inbox(past.notification(), ADA)
    for _ in range(4):
        past.delivery(past.in_inbox(past.notification(), ADA), ADA, OLD)
    past.delivery(unread, ADA, OLD)
    recent = past.delivery(past.in_inbox(past.notification(), ADA), ADA, RECENT)
    still_due = past.delivery(past.in_inbox(past.notification(), BEN), BEN, OLD, due_at=clock.now())
    run()
    assert values(rows("deliveries"), "notification_id") == [recent, still_due]
    assert unread in values(rows("inbox"), "notification_id")


def test_removed_inbox_row_takes_its_own_deliveries_along(past: Past, rows: Rows, run: Run) -> None:
    for _ in range(4):
        past.delivery(past.in_inbox(past.notification(), ADA, read=OLD), ADA, RECENT)
    shared = past.in_inbox(past.in_inbox(past.notification(), ADA, read=OLD), BEN)
    past.delivery(past.delivery(shared, ADA, RECENT), BEN, RECENT)
    run()
    assert values(rows("inbox"), "user_id") == values(rows("deliveries"), "user_id") == [BEN]
    assert values(rows("notifications"), "id") == [shared]


def test_unused_notification_is_removed_when_it_is_old_and_complete(past: Past, rows: Rows, run: Run) -> None:
    for _ in range(7):
        past.notification()
    recent, incomplete = past.notification(RECENT), past.notification(done=False, source=new_id())
    run()
    assert set(values(rows("notifications"), "id")) == {recent, incomplete}


def test_old_post_updates_are_removed(past: Past, rows: Rows, run: Run) -> None:
    for number, age in enumerate((OLD, OLD, OLD, OLD, RECENT)):
        past.add(PostUpdate, post_id=f"post {number}", text=None, changed_at=clock.now() - age)
    run()
    assert values(rows("post_news"), "post_id") == ["post 4"]


def test_sms_counts_and_receipts_are_removed_after_two_days(past: Past, rows: Rows, run: Run) -> None:
    today = clock.now().date()
    for days in range(6):
        created_at = clock.now() - timedelta(days=days, minutes=-1)
        past.add(DeliveryReceipt, provider_id=f"sms {days}", status="sent", created_at=created_at)
        for subject in ("all", "+254711000001"):
            past.add(SmsCount, day=today - timedelta(days=days), subject=subject, used=1)
    run(days=0)
    assert set(values(rows("sms_counts"), "day")) == {today - timedelta(days=days) for days in range(3)}
    assert len(rows("sms_counts")) == 6
    assert values(rows("delivery_reports"), "provider_id") == ["sms 0", "sms 1", "sms 2"]


def test_nothing_else_is_removed_with_0_days(past: Past, rows: Rows, run: Run) -> None:
    kept = past.delivery(past.in_inbox(past.notification(), ADA, read=OLD), ADA, OLD)
    run(days=0)
    assert values(rows("inbox"), "notification_id") == values(rows("deliveries"), "notification_id") == [kept]
    assert values(rows("notifications"), "id") == [kept]


@pytest.mark.parametrize("days", [-1, "90 days", 1.5, None], ids=str)
def test_invalid_days_are_rejected_with_the_variable(days: object) -> None:
    with pytest.raises(ValueError, match="RETENTION_DAYS"):
        Retention(days)


def test_run_out_of_time_is_continued_by_the_next_run(
    past: Past, rows: Rows, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BATCH": 2, "RUN_SECONDS": 0.2, "PAUSE": 0.25}.items():
        monkeypatch.setattr(retention, name, value)
    kept = [past.in_inbox(past.notification(OLD * 2), ADA) for _ in range(5)]
    past.notification()
    removal, runs = Retention(DAYS), 0
    while len(rows("notifications")) > len(kept):
        removal.run(unit_of_work(database))  # has time for one batch, on a busy machine for none
        runs += 1
    assert runs >= 3
    assert values(rows("notifications"), "id") == kept


def test_replay_from_a_removed_notification_is_not_resumed(
    past: Past, run: Run, rpc: Rpc, running: ServiceRunner
) -> None:
    assert running
    since = past.in_inbox(past.notification(), ADA, read=OLD)
    newest = past.in_inbox(past.notification(RECENT), ADA)
    request = {"user_id": ADA, "since": since}
    assert rpc("notifications.missed", GATEWAY, **request)["resumed"] is True
    run()
    replay = rpc("notifications.missed", GATEWAY, **request)
    assert (replay["resumed"], replay["items"], replay["newest"], replay["unread"]) == (False, [], newest, 1)
    assert rpc("notifications.missed", GATEWAY, user_id=ADA, since=BEGINNING)["resumed"] is True


def test_post_older_than_the_retention_notifies_no_user(
    running: ServiceRunner, accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until
) -> None:
    assert running
    author, _ben = accounts.add("ada"), accounts.add("ben")
    old = PostCreated(id=new_id(), author_id=author, author_username="a", text="x", created_at=clock.now() - OLD)
    publish_post(author, event=old)
    recent = publish_post(author)  # handled after the old one
    until(lambda: len(rows("notifications", done=True)) == 1)
    assert values(rows("notifications"), "source") == [recent.id]


def test_inbox_is_read_and_written_while_old_rows_are_removed(
    settings: dict[str, Any],
    past: Past,
    accounts: Accounts,
    runner_factory: Callable[..., ServiceRunner],
    rpc: Rpc,
    rows: Rows,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 5)
    settings["notifications"]["retention"]["interval"] = 0.1
    ada = accounts.add("ada")
    for _ in range(100):
        past.delivery(past.in_inbox(past.notification(), ada, read=OLD), ada, OLD)
    runner_factory(settings, UsersService, NotificationsService, DeliveriesService).start()
    sent: list[str] = []
    while rows("deliveries") or len(sent) < 3:
        sent.append(send_and_read(rpc, ada))
    until(lambda: values(rows("inbox"), "notification_id") == sent)
    until(lambda: set(values(rows("notifications"), "id")) == set(sent))


def send_and_read(rpc: Rpc, ada: str) -> str:
    sent = rpc("notifications.send_notification", Caller("feeds"), user_id=ada, message="Chai?")
    assert rpc("notifications.inbox", user(ada))["items"][0]["id"] == sent["id"]
    rpc("notifications.mark_read", user(ada), ids=[sent["id"]])
    return str(sent["id"])
