from datetime import timedelta

import pytest
from sqlalchemy import select

from chassis import clock
from chassis.contract import Event
from chassis.db import tables
from chassis.db.outbox import event_log, store
from chassis.db.unit_of_work import UnitOfWork
from tests.unit.chassis.db.sample_events import OrderPlaced, OrderViewed

TYPES = ["order_placed"]


def publish(db: UnitOfWork, *events: Event) -> list[str]:
    """Add events to the outbox, and remove them as the relay does after the broker's confirm."""
    with db.write() as session:
        for event in events:
            store.add(session, event)
    ids = [envelope.id for envelope in store.pop_committed(session)]
    with db.write() as session:
        store.remove(session, ids)
    return ids


def positions(db: UnitOfWork) -> list[int]:
    with db.read() as session:
        return list(session.scalars(select(tables.event_log.c.position).order_by(tables.event_log.c.position)))


def delete_expired(db: UnitOfWork) -> None:
    with db.write() as session:
        event_log.delete_expired(session)


def test_confirmed_events_are_logged_in_the_order_of_the_outbox(db: UnitOfWork) -> None:
    ids = publish(db, *[OrderPlaced(quantity=quantity) for quantity in range(3)])
    with db.read() as session:
        rows = event_log.at(session, positions(db))
    assert [(row.event_id, row.payload) for row in rows] == [
        (event_id, {"quantity": quantity}) for quantity, event_id in enumerate(ids)
    ]


def test_event_that_is_not_durable_is_not_logged(db: UnitOfWork) -> None:
    publish(db, OrderViewed(quantity=1))
    assert positions(db) == []


def test_event_that_is_not_confirmed_is_not_logged(db: UnitOfWork) -> None:
    with db.write() as session:
        store.add(session, OrderPlaced(quantity=1))
    assert positions(db) == []


def test_log_is_read_from_a_position_by_type_and_time(db: UnitOfWork) -> None:
    first, second, _ = publish(db, *[OrderPlaced(quantity=quantity) for quantity in range(3)])
    with db.read() as session:
        (row,) = event_log.read(session, TYPES, positions(db)[0], None, 1)
        assert row.event_id == second
        assert event_log.read(session, ["other"], 0, None, 9) == []
        assert event_log.read(session, TYPES, 0, clock.now() + timedelta(seconds=1), 9) == []
        assert event_log.read(session, TYPES, 0, None, 1)[0].event_id == first


def test_only_expired_events_are_deleted(db: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(db, OrderPlaced(quantity=1))
    later = clock.now() + event_log.RETENTION + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    kept = publish(db, OrderPlaced(quantity=2))
    delete_expired(db)
    with db.read() as session:
        assert [row.event_id for row in event_log.at(session, positions(db))] == kept
    delete_expired(db)
    assert len(positions(db)) == 1


def test_number_of_logged_events_is_limited(db: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "MAX_ROWS", 3)
    publish(db, *[OrderPlaced(quantity=quantity) for quantity in range(5)])
    newest = positions(db)[-1]
    delete_expired(db)
    assert positions(db) == [newest - 2, newest - 1, newest]


def test_positions_of_deleted_events_are_not_used_again(db: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(db, OrderPlaced(quantity=1))
    (first,) = positions(db)
    monkeypatch.setattr(event_log, "RETENTION", timedelta(seconds=-1))
    delete_expired(db)
    assert positions(db) == []
    publish(db, OrderPlaced(quantity=2))
    assert positions(db) == [first + 1]
