from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import select

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.contract import Event
from chassis.db import outbox, tables
from chassis.db.unit_of_work import UnitOfWork
from chassis.observability import correlation

After = Callable[[float], None]


class TeaMade(Event):
    source: ClassVar[str] = "kitchen"
    type: ClassVar[str] = "tea_made"

    cups: int


class Smelled(TeaMade):
    type: ClassVar[str] = "smelled"
    durable: ClassVar[bool] = False


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> After:
    """Move the clock to some seconds from now."""
    start = clock.now()

    def after(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=seconds))

    after(0)
    return after


def add(db: UnitOfWork, *events: Event) -> list[Envelope]:
    with db.write() as session:
        for event in events:
            outbox.add(session, event)
    return outbox.taken_from(session)


def take_over(db: UnitOfWork, limit: int = 10) -> list[Envelope]:
    with db.write() as session:
        return outbox.take_over(session, limit)


def ids(envelopes: list[Envelope]) -> list[str]:
    return [envelope.id for envelope in envelopes]


def until(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def test_an_event_is_a_row_of_its_transaction(db: UnitOfWork) -> None:
    token = correlation.request_id.set("r-1")
    try:
        add(db, TeaMade(cups=2))
    finally:
        correlation.request_id.reset(token)
    with db.read() as session:
        row = session.execute(select(tables.outbox)).one()
    assert (row.type, row.durable, row.payload, row.request_id) == ("tea_made", True, {"cups": 2}, "r-1")
    assert row.leased_until == row.created_at + outbox.LEASE


def test_an_event_is_not_there_if_its_transaction_failed(db: UnitOfWork) -> None:
    def fail() -> None:
        with db.write() as session:
            outbox.add(session, TeaMade(cups=2))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with db.read() as session:
        assert outbox.depth_and_age(session) == (0, 0.0)


def test_the_writer_gets_its_events_once_and_in_order(db: UnitOfWork) -> None:
    with db.write() as session:
        for cups in range(3):
            outbox.add(session, TeaMade(cups=cups))
    assert [envelope.payload for envelope in outbox.taken_from(session)] == [{"cups": cups} for cups in range(3)]
    assert outbox.taken_from(session) == []


def test_a_row_is_taken_over_only_when_its_lease_ran_out(db: UnitOfWork, after: After) -> None:
    (made,) = add(db, Smelled(cups=2))
    after(outbox.LEASE.total_seconds() - 1)
    assert take_over(db) == []
    after(outbox.LEASE.total_seconds() + 1)
    (taken,) = take_over(db)
    assert (taken.id, taken.type, taken.durable, taken.payload) == (made.id, "smelled", False, {"cups": 2})
    assert take_over(db) == [], "it is leased again"


def test_no_more_rows_are_taken_over_than_asked_for_and_they_come_in_order(db: UnitOfWork, after: After) -> None:
    made = ids(add(db, *[TeaMade(cups=cups) for cups in range(5)]))
    after(60)
    assert ids(take_over(db, 3)) == made[:3]
    assert ids(take_over(db, 3)) == made[3:]


def test_a_row_given_back_is_anybodys_from_that_moment_on(db: UnitOfWork, after: After) -> None:
    made = ids(add(db, TeaMade(cups=1), TeaMade(cups=2)))
    with db.write() as session:
        outbox.give_back(session, made[:1], until(1))
    after(2)
    assert ids(take_over(db)) == made[:1]


def test_rows_that_nobody_listens_to_do_not_keep_the_others_waiting(db: UnitOfWork, after: After) -> None:
    unheard = ids(add(db, *[TeaMade(cups=cups) for cups in range(3)]))
    others = ids(add(db, TeaMade(cups=9)))
    after(60)
    assert ids(take_over(db, 3)) == unheard
    with db.write() as session:
        outbox.give_back(session, unheard, until(1))
    after(62)
    assert others[0] in ids(take_over(db, 3))


def test_what_was_confirmed_is_removed_and_nothing_else(db: UnitOfWork, after: After) -> None:
    made = ids(add(db, TeaMade(cups=1), TeaMade(cups=2)))
    with db.write() as session:
        outbox.remove(session, made[:1])
        outbox.remove(session, [])
    after(60)
    assert ids(take_over(db)) == made[1:]


def test_depth_and_age_tell_what_waits(db: UnitOfWork, after: After) -> None:
    add(db, TeaMade(cups=1))
    after(7)
    add(db, TeaMade(cups=2))
    with db.read() as session:
        assert outbox.depth_and_age(session) == (2, 7.0)
