"""The numbers of frames: each user's frames have the numbers 1, 2, 3 and so on, in the order of commits."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.ids import new_id
from notifications.cleanup import erasure
from notifications.inbox import frame_sequence, inbox_store, post_updates, replay_store
from notifications.models import Notification
from notifications.service import NotificationsService
from tests.integration.conftest import Until
from tests.integration.notifications.support import PublishPost, Rows, user, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.databases import unit_of_work
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.rpc import GATEWAY, Rpc


def numbers(event: dict[str, Any]) -> dict[str, int]:
    return dict(zip(event["recipients"], event["seqs"], strict=True))


@pytest.fixture
def events(listen: Listen) -> EventListener:
    return listen("notifications")


@pytest.mark.usefixtures("running")
def test_every_kind_of_frame_takes_the_next_number_of_its_user(
    accounts: Accounts, publish_post: PublishPost, events: EventListener, database: Engine, rpc: Rpc
) -> None:
    author, ben, cem = accounts.add("ada"), accounts.add("ben", "realtime"), accounts.add("cem", "realtime")
    post = publish_post(author)
    assert numbers(events.next("notification_created")) == {ben: 1, cem: 1}
    rpc("notifications.mark_read", user(ben), all=True)
    assert events.next("notifications_read")["seq"] == 2
    with Session(database) as session, session.begin():
        changed_before = clock.now() - timedelta(hours=1)
        session.execute(update(Notification).values(changed_at=changed_before))
    post_updates.publish_change(unit_of_work(database), post.id, 10)
    rpc("notifications.send_notification", Caller("feeds"), user_id=ben, message="Chai?")
    assert numbers(events.next("notification_created")) == {ben: 4}
    for reader, last in ((ben, 4), (cem, 2)):
        assert rpc("notifications.missed", GATEWAY, user_id=reader)["seq"] == last


@pytest.mark.usefixtures("running")
def test_user_without_frames_has_no_numbers(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, rpc: Rpc
) -> None:
    ben = accounts.add("ben", "email")
    publish_post(accounts.add("ada"))
    until(lambda: rows("inbox", user_id=ben))
    assert rows("frame_sequences") == []
    assert rpc("notifications.missed", GATEWAY, user_id=ben)["seq"] == 0


def test_transaction_that_fails_takes_no_number(database: Engine) -> None:
    ben, cem = new_id(), new_id()
    with Session(database) as session, session.begin():
        assert frame_sequence.next_of(session, [cem, ben]) == [1, 1]
    with Session(database) as session:
        assert frame_sequence.next_of(session, [ben]) == [2]
        session.rollback()
    with Session(database) as session, session.begin():
        assert frame_sequence.next_of(session, [ben, cem]) == [2, 2]
        assert replay_store.state(session, ben).seq == 2


def test_processes_share_the_numbers_without_gaps_and_in_the_order_of_the_inbox(
    accounts: Accounts,
    publish_post: PublishPost,
    events: EventListener,
    rows: Rows,
    running: ServiceRunner,
    settings: dict[str, Any],
    runner_factory: Callable[..., ServiceRunner],
) -> None:
    assert running
    runner_factory(settings, NotificationsService).start()
    author, *readers = (accounts.add(name, "realtime") for name in ("ada", "ben", "cem", "dia", "eva"))
    posts = 30
    for number in range(posts):
        publish_post(author, f"post {number}")
    by_number: dict[str, dict[int, str]] = defaultdict(dict)
    while sum(map(len, by_number.values())) < posts * len(readers):
        event = events.next("notification_created", "notifications_created")
        for item in event.get("items", [event]):
            for reader, number in numbers(item).items():
                by_number[reader][number] = item["notification"]["id"]
    for reader in readers:
        assert sorted(by_number[reader]) == list(range(1, posts + 1))
        in_inbox = values(rows("inbox", user_id=reader), "notification_id")
        assert [by_number[reader][number] for number in range(1, posts + 1)] == in_inbox


@pytest.mark.usefixtures("running")
def test_content_changes_for_a_user_when_it_is_published_to_the_user(
    accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, database: Engine
) -> None:
    accounts.add("ben", "realtime")
    post = publish_post(accounts.add("ada"))
    until(lambda: rows("notifications", done=True))
    with Session(database) as session, session.begin():
        session.execute(update(Notification).values(changed_at=clock.now() - timedelta(hours=1)))
    post_updates.publish_change(unit_of_work(database), post.id, 10)
    assert rows("notifications")[0]["changed_at"] > clock.now() - timedelta(minutes=1)


def test_erased_account_has_no_sequence(database: Engine, rows: Rows) -> None:
    ben = new_id()
    with Session(database) as session, session.begin():
        inbox_store.add(session, {new_id(): [ben]})
        frame_sequence.next_of(session, [ben])
    erasure.erase(unit_of_work(database), ben, 10)
    assert rows("frame_sequences") == []
