from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.contract import Event
from chassis.db import tables
from chassis.db.outbox import store
from chassis.db.unit_of_work import UnitOfWork
from chassis.observability import correlation
from tests.unit.chassis.db.sample_events import OrderPlaced, OrderViewed

SetClock = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the clock to a number of seconds after the start of the test."""
    start = clock.now()

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=seconds))

    set_clock(0)
    return set_clock


def add(db: UnitOfWork, *events: Event) -> list[Envelope]:
    with db.write() as session:
        for event in events:
            store.add(session, event)
    return store.pop_committed(session)


def lease_expired(db: UnitOfWork, limit: int = 10) -> list[Envelope]:
    with db.write() as session:
        return store.lease_expired(session, limit)


def ids(envelopes: list[Envelope]) -> list[str]:
    return [envelope.id for envelope in envelopes]


def test_event_is_a_row_of_its_transaction(db: UnitOfWork) -> None:
    token = correlation.request_id.set("r-1")
    try:
        add(db, OrderPlaced(quantity=2))
    finally:
        correlation.request_id.reset(token)
    with db.read() as session:
        row = session.execute(select(tables.outbox)).one()
    assert (row.type, row.durable, row.payload, row.request_id) == ("order_placed", True, {"quantity": 2}, "r-1")
    assert row.leased_until == row.created_at + store.LEASE


def test_row_is_leased_only_after_its_lease_has_expired(db: UnitOfWork, set_clock: SetClock) -> None:
    (added,) = add(db, OrderViewed(quantity=2))
    set_clock(store.LEASE.total_seconds() - 1)
    assert lease_expired(db) == []
    set_clock(store.LEASE.total_seconds() + 1)
    (leased,) = lease_expired(db)
    assert replace(leased, leased_until=added.leased_until) == added
    assert lease_expired(db) == [], "it is leased again"


def test_released_row_can_be_leased_after_the_given_time(db: UnitOfWork, set_clock: SetClock) -> None:
    added = ids(add(db, OrderPlaced(quantity=1), OrderPlaced(quantity=2)))
    with db.write() as session:
        store.release(session, added[:1], clock.now() + timedelta(seconds=1))
    set_clock(2)
    assert ids(lease_expired(db)) == added[:1]


def give_back(db: UnitOfWork, envelopes: list[Envelope]) -> None:
    with db.write() as session:
        store.give_back(session, [(envelope.id, envelope.leased_until) for envelope in envelopes])


def test_rows_that_are_given_back_are_leased_again_before_later_ones(db: UnitOfWork, set_clock: SetClock) -> None:
    first = add(db, OrderPlaced(quantity=1), OrderPlaced(quantity=2))
    set_clock(1)
    later = add(db, OrderPlaced(quantity=3))
    set_clock(2)
    give_back(db, later)
    give_back(db, first)
    assert ids(lease_expired(db, 2)) == ids(first)
    assert ids(lease_expired(db, 2)) == ids(later)


def test_row_that_another_process_has_leased_since_is_not_given_back(db: UnitOfWork, set_clock: SetClock) -> None:
    added = add(db, OrderPlaced(quantity=1))
    set_clock(60)
    assert ids(lease_expired(db)) == ids(added)
    give_back(db, added)
    assert lease_expired(db) == []


def test_rows_that_are_released_again_and_again_do_not_block_others(db: UnitOfWork, set_clock: SetClock) -> None:
    released = ids(add(db, *[OrderPlaced(quantity=quantity) for quantity in range(3)]))
    others = ids(add(db, OrderPlaced(quantity=9)))
    set_clock(60)
    assert ids(lease_expired(db, 3)) == released
    with db.write() as session:
        store.release(session, released, clock.now() + timedelta(seconds=1))
    set_clock(62)
    assert others[0] in ids(lease_expired(db, 3))


def test_depth_and_age_of_the_outbox_are_measured(db: UnitOfWork, set_clock: SetClock) -> None:
    add(db, OrderPlaced(quantity=1))
    set_clock(7)
    add(db, OrderPlaced(quantity=2))
    with db.read() as session:
        assert store.depth_and_age(session) == (2, 7.0)
