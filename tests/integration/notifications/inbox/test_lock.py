"""Concurrent writers of inboxes; PostgreSQL only, since SQLite has one writer."""

import eventlet
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.ids import new_id
from notifications.inbox import inbox_store
from tests.integration.conftest import Until
from tests.integration.notifications.support import Rows, values


def test_inbox_rows_are_in_the_order_of_commits(database: Engine, rows: Rows, until: Until) -> None:
    ada, ben, first, second = (new_id() for _ in range(4))

    def add_second() -> None:
        with Session(database) as session, session.begin():
            inbox_store.add(session, {second: [ada]})

    with Session(database) as session, session.begin():
        inbox_store.add(session, {first: [ben]})
        other = eventlet.spawn(add_second)
        until(lambda: is_waiting_for_lock(database))
        inbox_store.add(session, {first: [ada]})
    other.wait()
    assert values(rows("inbox", user_id=ada), "notification_id") == [first, second]


def is_waiting_for_lock(database: Engine) -> bool:
    with database.begin() as connection:
        query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(connection.scalar(query))
