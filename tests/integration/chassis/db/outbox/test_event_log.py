"""The order of the event log on PostgreSQL, where rows of later positions could be committed first."""

import itertools
from collections.abc import Iterator
from typing import Any

import eventlet
from sqlalchemy.orm import Session

from chassis.contract import Event
from chassis.db.outbox import event_log, store
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import ORDER_ID
from tests.integration.conftest import UNTIL_TIMEOUT
from tests.integration.support.databases import Databases

WRITERS, ROUNDS = 4, 25


def publish(engine: Any, pause: float) -> None:
    """Commit an event, then move it to the log in a transaction that takes a while, as the relay of a process does."""
    event: Event = OrderPlaced(order_id=ORDER_ID, item="tea", quantity=1)
    with Session(engine) as session, session.begin():
        store.add(session, event)
        (envelope,) = store.pop_committed(session)
    with Session(engine) as session, session.begin():
        store.remove(session, [envelope.id])
        session.flush()
        eventlet.sleep(pause)


def write(engine: Any, pauses: Iterator[float]) -> None:
    for _ in range(ROUNDS):
        publish(engine, next(pauses))


def test_reader_of_the_log_skips_no_event_of_concurrent_writers(databases: Databases) -> None:
    engine = databases.empty("users")
    pauses = itertools.cycle([0.001, 0.03, 0.003, 0.02])
    writers = [eventlet.spawn(write, engine, pauses) for _ in range(WRITERS)]
    seen: list[str] = []
    position = 0
    with eventlet.Timeout(UNTIL_TIMEOUT, AssertionError("an event is missing")):
        while len(seen) < WRITERS * ROUNDS:
            with Session(engine) as session:
                rows = event_log.read(session, ["order_placed"], position, None, 1000)
            seen += [row.event_id for row in rows]
            position = rows[-1].position if rows else position
            eventlet.sleep(0.002)
    for writer in writers:
        writer.wait()
    assert len(set(seen)) == WRITERS * ROUNDS
