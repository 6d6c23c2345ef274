"""Several writers at a time; collected on PostgreSQL only."""

import eventlet
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.ids import new_id
from notifications.inbox import inbox_store
from tests.integration.notifications.conftest import Rows, Until


def test_writers_take_turns_so_that_a_replay_misses_nothing(database: Engine, rows: Rows, until: Until) -> None:
    ada, ben, first, second = (new_id() for _ in range(4))

    def write() -> None:
        with Session(database) as session, session.begin():
            inbox_store.add_to_inbox(session, second, [ada])

    with Session(database) as session, session.begin():
        inbox_store.add_to_inbox(session, first, [ben])
        other = eventlet.spawn(write)
        until(lambda: waiting_for_a_turn(database))
        inbox_store.add_to_inbox(session, first, [ada])
    other.wait()
    assert [row["notification_id"] for row in rows("inbox", user_id=ada)] == [first, second]


def waiting_for_a_turn(database: Engine) -> bool:
    with database.begin() as connection:
        query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(connection.scalar(query))
