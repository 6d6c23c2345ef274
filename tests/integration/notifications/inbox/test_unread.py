"""The number of unread notifications: what is stored for users with many is always what counting results in."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from chassis import clock
from chassis.db.engine import create_engine
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable
from chassis.ids import new_id
from notifications import contract
from notifications.cleanup import erasure, retention_store
from notifications.fanout.audience import Audience
from notifications.fanout.dispatch import dispatch
from notifications.inbox import (
    inbox_store,
    listing,
    notification_store,
    post_updates,
    read_state,
    replay_store,
    unread_store,
)
from notifications.inbox.notification_store import NewPost, Progress
from notifications.models import InboxRow, Notification, UnreadCount
from notifications.texts import Content
from tests.integration.notifications.support import Rows, values
from tests.integration.support.databases import unit_of_work
from tests.integration.support.pagination import WITH_REAL_SERVICES

Processes = list[UnitOfWork]

ADA, BEN = USERS = [new_id(), new_id()]
CONTENT = Content("post_created", "ada posted", "Karibu")


def page(db: UnitOfWork, user: str = ADA) -> contract.InboxPage:
    return listing.page(db, user, contract.ListInbox(limit=2))


def post(db: UnitOfWork, users: Sequence[str] = USERS) -> str:
    """Notify users of a new post; return its id."""
    id_ = new_id()
    with db.write() as session:
        new = [NewPost(id_, CONTENT, clock.now())]
        (notification,) = notification_store.create_for_posts(session, new, Progress(done=True))
        dispatch(session, [(notification, Audience([*users], [*users], {}))])
    return id_


class Workload:
    """What happens to inboxes. `number` chooses the user and the post."""

    def __init__(self) -> None:
        self.posts = [new_id()]  # one that is in no inbox

    def run(self, db: UnitOfWork, steps: Sequence[tuple[str, int]]) -> None:
        """Run the steps, and check the numbers after each one."""
        for name, number in steps:
            getattr(self, name)(db, USERS[number % 2], self.posts[-1 - number % len(self.posts)])
            check(db)
            eventlet.sleep()

    def new_post(self, db: UnitOfWork, *_: str) -> None:
        self.posts.append(post(db))

    def send(self, db: UnitOfWork, user: str, _: str) -> None:
        self.posts.append(post(db, [user]))

    def notify_again(self, db: UnitOfWork, _: str, id_: str) -> None:
        with db.write() as session:
            inbox_store.lock(session)
            if notification := notification_store.lock_for_post(session, id_):
                dispatch(session, [(notification, Audience(USERS, USERS, {}))])

    def mark_one(self, db: UnitOfWork, user: str, id_: str) -> None:
        with db.write() as session:
            ids = session.scalars(select(Notification.id).where(Notification.source == id_)).all()
            read_state.mark_read(session, user, ids)

    def mark_newest(self, db: UnitOfWork, user: str, _: str) -> None:
        newest = [item.id for item in page(db, user).items]
        with db.write() as session:
            read_state.mark_read(session, user, newest)

    def mark_all(self, db: UnitOfWork, user: str, _: str) -> None:
        with db.write() as session:
            read_state.mark_read(session, user, None)

    def mark_all_and_fail(self, db: UnitOfWork, user: str, _: str) -> None:
        with suppress(ZeroDivisionError), db.write() as session:
            read_state.mark_read(session, user, None)
            raise ZeroDivisionError

    def delete_post(self, db: UnitOfWork, _: str, id_: str) -> None:
        post_updates.apply(db, id_, None, clock.now(), 1)

    def remove_read(self, db: UnitOfWork, *_: str) -> None:
        with db.write() as session:
            retention_store.read_inbox_rows(session, clock.now(), 3)

    def erase(self, db: UnitOfWork, user: str, _: str) -> None:
        erasure.erase(db, user, 10)

    def read(self, db: UnitOfWork, user: str, _: str) -> None:
        page(db, user)

    def wait_a_day(self, db: UnitOfWork, *_: str) -> None:
        let_a_day_pass(db)


OPERATIONS = [name for name in vars(Workload) if not name.startswith("_") and name != "run"]
STEPS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5)), min_size=5, max_size=15)


def let_a_day_pass(db: UnitOfWork) -> None:
    with db.write() as session:
        session.execute(update(UnreadCount).values(counted_at=clock.now() - timedelta(hours=25)))


def check(db: UnitOfWork) -> None:
    """Compare the numbers that clients get, and those that are stored, with the rows, in one snapshot."""
    rows = select(func.count()).where(InboxRow.read_at.is_(None))
    with db.read() as session:
        inbox_store.snapshot(session)
        for user in USERS:
            unread = session.scalar(rows.where(InboxRow.user_id == user))
            assert unread_store.count(session, user).unread == replay_store.state(session, user).unread == unread
        for stored in session.scalars(select(UnreadCount)):
            counted = rows.where(InboxRow.user_id == stored.user_id, InboxRow.seq <= stored.until)
            assert stored.unread == session.scalar(counted)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_store, "MANY", 2)
    monkeypatch.setattr(erasure, "BATCH", 2)


@pytest.fixture
def processes(database: Engine, settings: dict[str, Any]) -> Iterator[Processes]:
    """Two processes, each with connections of its own."""
    engines = [create_engine(settings["notifications"]["database"], timeouts=settings["postgresql"]) for _ in range(2)]
    assert database
    yield [unit_of_work(engine) for engine in engines]
    for engine in engines:
        engine.dispose()


@pytest.fixture
def db(database: Engine) -> UnitOfWork:
    return unit_of_work(database)


@WITH_REAL_SERVICES
@given(steps=st.tuples(STEPS, STEPS))
def test_number_is_right_whatever_two_processes_do(processes: Processes, steps: Any) -> None:
    workload = Workload()
    workers = [eventlet.spawn(workload.run, *process) for process in zip(processes, steps, strict=True)]
    try:
        for worker in workers:
            worker.wait()
    finally:  # after a failure the other one would change the inboxes of the next example
        for worker in workers:
            worker.kill()


def test_number_of_a_user_with_few_is_not_stored(db: UnitOfWork, rows: Rows) -> None:
    post(db)
    post(db)
    assert page(db).unread == 2
    assert rows("unread_counts") == []


def test_number_of_a_user_with_many_is_stored_when_it_is_read(db: UnitOfWork, rows: Rows) -> None:
    for _ in range(5):
        post(db)
    assert page(db).unread == 5
    assert values(rows("unread_counts"), "user_id", "unread") == [(ADA, 5)]


def test_stored_rows_are_not_counted_again(db: UnitOfWork, rows: Rows) -> None:
    for stored in ([], [], [3], [3], [3], [6]):
        post(db)
        page(db)
        assert values(rows("unread_counts"), "unread") == stored


def test_marks_of_an_earlier_release_are_counted_after_a_day(db: UnitOfWork, rows: Rows) -> None:
    for _ in range(5):
        post(db)
    page(db)
    with db.write() as session:  # as 0.1.0 does
        inbox_store.mark_read(session, ADA, None)
    let_a_day_pass(db)
    page(db)
    assert page(db).unread == 0
    assert values(rows("unread_counts"), "user_id", "unread") == [(ADA, 0)]


def test_many_read_rows_are_not_counted_again(db: UnitOfWork, rows: Rows) -> None:
    for _ in range(5):
        post(db)
    with db.write() as session:
        read_state.mark_read(session, ADA, None)
    page(db)
    assert values(rows("unread_counts"), "user_id", "unread") == [(ADA, 0)]
    post(db)
    with db.read() as session:
        counted = unread_store.count(session, ADA)
    assert (counted.unread, counted.rows) == (1, 1)


def test_number_is_no_longer_stored_when_few_rows_remain(db: UnitOfWork, rows: Rows) -> None:
    for _ in range(5):
        post(db)
    page(db)
    with db.write() as session:
        read_state.mark_read(session, ADA, None)
        retention_store.read_inbox_rows(session, clock.now() + timedelta(days=1), 4)
    let_a_day_pass(db)
    page(db)
    assert rows("unread_counts") == []


def test_page_is_returned_although_the_number_cannot_be_stored(db: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("The database is unavailable or overloaded.")

    for _ in range(5):
        post(db)
    monkeypatch.setattr(unread_store, "store", fail)
    assert page(db).unread == 5
