"""What is old is removed, and what is not stays."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko_sqlalchemy.database import Session
from sqlalchemy import Engine, insert
from sqlalchemy.orm import sessionmaker

from chassis import clock, ids
from chassis.auth.caller import Caller
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import new_id
from feeds.contract import PostCreated
from notifications.cleanup import retention
from notifications.cleanup.retention import Retention
from notifications.contract import BEGINNING
from notifications.deliveries import DeliveriesService
from notifications.models import Base, Delivery, DeliveryReport, InboxRow, Notification, PostNews, SmsCount
from notifications.service import NotificationsService
from tests.integration.notifications.conftest import Publish, Rows, Until, user
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.rpc import GATEWAY, Rpc

DAYS = 90
OLD, RECENT = timedelta(days=DAYS, minutes=1), timedelta(days=DAYS, minutes=-1)
ADA, BEN = new_id(), new_id()

Run = Callable[..., None]


class Past:
    """Puts rows into the past."""

    def __init__(self, database: Engine) -> None:
        self._database = database

    def notification(self, age: timedelta = OLD, **columns: object) -> str:
        moment = clock.now() - age
        row = {
            "id": ids.first_id(moment)[:24] + new_id()[24:],
            "kind": "message",
            "title": "Tea",
            "message": "Chai?",
            "data": {},
            "created_at": moment,
            "done": True,
        }
        self.add(Notification, **(row | columns))
        return str(row["id"])

    def in_inbox(self, notification: str, user_id: str, read: timedelta | None = None) -> str:
        self.add(InboxRow, notification_id=notification, user_id=user_id, read_at=read and clock.now() - read)
        return notification

    def delivery(self, notification: str, user_id: str, age: timedelta, due_at: datetime | None = None) -> str:
        row = {"notification_id": notification, "user_id": user_id, "channel": "email", "chosen": False, "attempts": 1}
        moment = clock.now() - age
        self.add(Delivery, **row, status="sent", due_at=due_at, updated_at=moment)
        return notification

    def add(self, table: type[Base], **columns: object) -> None:
        with self._database.begin() as connection:
            connection.execute(insert(table), columns)


@pytest.fixture
def past(database: Engine) -> Past:
    return Past(database)


@pytest.fixture
def run(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Remove what is old, twice: the second time nothing happens."""
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "PAUSE", 0)

    def run(days: int = DAYS) -> None:
        for _ in range(2):
            Retention(days).run(sessions(database))

    return run


def sessions(database: Engine) -> UnitOfWork:
    """Open transactions as services do."""
    return UnitOfWork(sessionmaker(bind=database, class_=Session))


def left(rows: Rows, table: str, column: str = "notification_id") -> list[Any]:
    return [row[column] for row in rows(table)]


def test_what_was_read_long_ago_is_removed_and_what_was_not_read_stays(past: Past, rows: Rows, run: Run) -> None:
    gone = [past.in_inbox(past.notification(), ADA, read=OLD) for _ in range(7)]
    recent = past.in_inbox(past.notification(), ADA, read=RECENT)
    unread = past.in_inbox(past.notification(), ADA)
    shared = past.in_inbox(past.in_inbox(past.notification(), ADA, read=OLD), BEN)
    run()
    assert left(rows, "inbox") == [recent, unread, shared]
    assert set(left(rows, "notifications", "id")) == {recent, unread, shared}
    assert not {*gone} & {*left(rows, "notifications", "id")}


def test_deliveries_that_finished_long_ago_are_removed_also_where_the_inbox_still_has_the_notification(
    past: Past, rows: Rows, run: Run
) -> None:
    unread = past.in_inbox(past.notification(), ADA)
    for _ in range(4):
        past.delivery(past.in_inbox(past.notification(), ADA), ADA, OLD)
    past.delivery(unread, ADA, OLD)
    recent = past.delivery(past.in_inbox(past.notification(), ADA), ADA, RECENT)
    still_due = past.delivery(past.in_inbox(past.notification(), BEN), BEN, OLD, due_at=clock.now())
    run()
    assert left(rows, "deliveries") == [recent, still_due]
    assert unread in left(rows, "inbox")


def test_what_was_read_long_ago_takes_its_own_deliveries_along_and_those_of_nobody_else(
    past: Past, rows: Rows, run: Run
) -> None:
    for _ in range(4):
        past.delivery(past.in_inbox(past.notification(), ADA, read=OLD), ADA, RECENT)
    shared = past.in_inbox(past.in_inbox(past.notification(), ADA, read=OLD), BEN)
    past.delivery(past.delivery(shared, ADA, RECENT), BEN, RECENT)
    run()
    assert left(rows, "inbox", "user_id") == left(rows, "deliveries", "user_id") == [BEN]
    assert left(rows, "notifications", "id") == [shared]


def test_a_notification_that_nobody_has_goes_when_it_is_old_and_finished(past: Past, rows: Rows, run: Run) -> None:
    for _ in range(7):
        past.notification()
    recent, unfinished = past.notification(RECENT), past.notification(done=False, source=new_id())
    run()
    assert set(left(rows, "notifications", "id")) == {recent, unfinished}


def test_what_was_to_overtake_something_is_removed_when_it_is_old(past: Past, rows: Rows, run: Run) -> None:
    for number, age in enumerate((OLD, OLD, OLD, OLD, RECENT)):
        past.add(PostNews, post_id=f"post {number}", text=None, changed_at=clock.now() - age)
    run()
    assert left(rows, "post_news", "post_id") == ["post 4"]


def test_counts_and_reports_of_sms_are_kept_for_two_days_however_long_the_rest_is(
    past: Past, rows: Rows, run: Run
) -> None:
    today = clock.now().date()
    for days in range(6):
        moment = clock.now() - timedelta(days=days, minutes=-1)
        past.add(DeliveryReport, provider_id=f"sms {days}", status="sent", created_at=moment)
    for days in range(6):
        for subject in ("all", "+254711000001"):
            past.add(SmsCount, day=today - timedelta(days=days), subject=subject, used=1)
    run(days=0)
    assert {row["day"] for row in rows("sms_counts")} == {today - timedelta(days=days) for days in range(3)}
    assert len(rows("sms_counts")) == 6
    assert left(rows, "delivery_reports", "provider_id") == ["sms 0", "sms 1", "sms 2"]


def test_with_0_days_everything_is_kept_for_ever(past: Past, rows: Rows, run: Run) -> None:
    kept = past.delivery(past.in_inbox(past.notification(), ADA, read=OLD), ADA, OLD)
    run(days=0)
    assert left(rows, "inbox") == left(rows, "deliveries") == left(rows, "notifications", "id") == [kept]


@pytest.mark.parametrize("days", [-1, "90 days", 1.5, None], ids=str)
def test_days_that_make_no_sense_stop_the_start_with_the_name_of_the_variable(days: object) -> None:
    with pytest.raises(ValueError, match="RETENTION_DAYS"):
        Retention(days)


def test_a_run_that_is_out_of_time_goes_on_the_next_time(
    past: Past, rows: Rows, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BATCH": 2, "ROUND": 0.2, "PAUSE": 0.25}.items():
        monkeypatch.setattr(retention, name, value)
    kept = [past.in_inbox(past.notification(OLD * 2), ADA) for _ in range(5)]
    past.notification()
    forgetful = Retention(DAYS)
    for _ in range(3):  # each has time for one batch
        assert len(rows("notifications")) == len(kept) + 1
        forgetful.run(sessions(database))
    assert left(rows, "notifications", "id") == kept


def test_a_replay_from_a_notification_that_was_removed_says_so_honestly(
    past: Past, run: Run, rpc: Rpc, told: ServiceRunner
) -> None:
    assert told
    since = past.in_inbox(past.notification(), ADA, read=OLD)
    newest = past.in_inbox(past.notification(RECENT), ADA)
    missed = {"user_id": ADA, "since": since}
    assert rpc("notifications.missed", GATEWAY, **missed)["resumed"] is True
    run()
    replay = rpc("notifications.missed", GATEWAY, **missed)
    assert (replay["resumed"], replay["items"], replay["newest"], replay["unread"]) == (False, [], newest, 1)
    assert rpc("notifications.missed", GATEWAY, user_id=ADA, since=BEGINNING)["resumed"] is True


def test_a_post_that_is_older_than_what_is_kept_is_told_to_nobody(
    told: ServiceRunner, people: People, publish: Publish, rows: Rows, until: Until
) -> None:
    assert told
    author, _ben = people.add("ada"), people.add("ben")
    old = PostCreated(id=new_id(), author_id=author, author_username="a", text="x", created_at=clock.now() - OLD)
    publish(author, event=old)
    news = publish(author)  # in order after the old one
    until(lambda: len(rows("notifications", done=True)) == 1)
    assert left(rows, "notifications", "source") == [news.id]


def test_people_read_and_are_told_while_what_is_old_is_removed(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    settings: dict[str, Any],
    past: Past,
    people: People,
    start: Callable[..., ServiceRunner],
    rpc: Rpc,
    rows: Rows,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 5)
    settings["notifications"]["retention"]["interval"] = 0.1
    ada = people.add("ada")
    for _ in range(100):
        past.delivery(past.in_inbox(past.notification(), ada, read=OLD), ada, OLD)
    start(UsersService, NotificationsService, DeliveriesService)
    sent: list[str] = []
    while rows("deliveries") or len(sent) < 3:
        sent.append(tell_and_read(rpc, ada))
    until(lambda: left(rows, "inbox") == sent)
    until(lambda: set(left(rows, "notifications", "id")) == set(sent))


def tell_and_read(rpc: Rpc, ada: str) -> str:
    told = rpc("notifications.send_notification", Caller("feeds"), user_id=ada, message="Chai?")
    assert rpc("notifications.inbox", user(ada))["items"][0]["id"] == told["id"]
    rpc("notifications.mark_read", user(ada), ids=[told["id"]])
    return str(told["id"])
