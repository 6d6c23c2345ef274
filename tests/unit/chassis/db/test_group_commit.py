"""Writes that are due together share a commit; each of them fails alone, and none is answered before the commit."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import eventlet
import nameko_sqlalchemy.database
import pytest
from eventlet.greenthread import GreenThread
from sqlalchemy import Engine, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from chassis.amqp.envelope import Envelope
from chassis.db import engine as engines
from chassis.db import group_commit, outbox, tables
from chassis.db.group_commit import GroupCommit
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict, Unavailable
from tests.unit.chassis.db.sample_events import OrderPlaced


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)


Work = Callable[[Session], object]


class Orders:
    """A database with group commit, and what a connection of another process sees of it."""

    def __init__(self, engine: Engine, file: Path, interval: float) -> None:
        factory = sessionmaker(bind=engine, class_=nameko_sqlalchemy.database.Session)
        self.published: list[Envelope] = []
        self.stored_when_published: list[list[int]] = []
        self.statements: list[str] = []
        group = GroupCommit(engine, factory, self._publish, interval)
        self.worker = partial(UnitOfWork, factory, group=group)
        self.db = self.worker()
        self.other = sqlite3.connect(file, isolation_level=None)
        event.listen(engine, "before_cursor_execute", lambda *args: self.statements.append(args[2]))

    def write(self, *works: Work) -> list[GreenThread]:
        """Run each work in a write of its own, all of them due at the same time."""
        return [eventlet.spawn(self._write, work) for work in works]

    def _write(self, work: Work) -> None:
        with self.worker().write() as session:
            work(session)

    def stored(self) -> list[int]:
        return [number for (number,) in self.other.execute("SELECT number FROM orders ORDER BY number")]

    def commits(self) -> int:
        return self.statements.count("COMMIT")

    def _publish(self, envelopes: object) -> None:
        self.published += envelopes  # type: ignore[arg-type]
        self.stored_when_published.append(self.stored())


@pytest.fixture
def orders(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Orders]:
    """A test may choose the interval: `@pytest.mark.parametrize("orders", [0.2], indirect=True)`."""
    Base.metadata.create_all(engine)
    orders = Orders(engine, tmp_path / "test.sqlite3", getattr(request, "param", group_commit.INTERVAL))
    yield orders
    orders.other.close()


def place(number: int) -> Work:
    """Store an order and its event."""

    def work(session: Session) -> None:
        session.execute(insert(Order), {"number": number})
        outbox.add(session, OrderPlaced(quantity=number))

    return work


def wait(writes: list[GreenThread]) -> list[object]:
    """Return the error of each write; None if it succeeded."""
    return [error_of(write) for write in writes]


def error_of(write: GreenThread) -> object:
    try:
        write.wait()
    except Exception as error:  # noqa: BLE001 - compared by the tests
        return type(error)
    return None


def test_writes_that_are_due_together_share_a_commit(orders: Orders) -> None:
    wait(orders.write(place(1), place(2), place(3)))
    assert orders.stored() == [1, 2, 3]
    assert orders.commits() == 1
    wait(orders.write(place(4)))
    assert orders.commits() == 2


@pytest.mark.parametrize("orders", [0.2], indirect=True)
def test_writes_within_the_interval_of_a_group_share_the_next_commit(orders: Orders) -> None:
    wait(orders.write(place(1)))
    writes = orders.write(place(2))
    for _ in range(20):
        eventlet.sleep(0)
    assert orders.stored() == [1]
    wait([*writes, *orders.write(place(3))])
    assert orders.stored() == [1, 2, 3]
    assert orders.commits() == 2


def test_later_writes_of_a_worker_do_not_wait(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    with orders.db.write() as session:
        place(1)(session)
    monkeypatch.setattr(eventlet, "sleep", lambda _seconds: pytest.fail("it waits"))
    with orders.db.write() as session:
        place(2)(session)
    assert orders.stored() == [1, 2]


@pytest.mark.parametrize("orders", [0], indirect=True)
def test_write_after_the_interval_of_a_group_does_not_wait(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    wait(orders.write(place(1)))
    monkeypatch.setattr(eventlet, "sleep", lambda _seconds: pytest.fail("it waits"))
    assert wait(orders.write(place(2))) == [None]


def test_events_are_published_after_the_commit_in_the_order_of_the_writes(orders: Orders) -> None:
    wait([*orders.write(place(1), place(2)), *orders.write(place(3))])
    wait(orders.write(place(4)))
    assert [envelope.payload["quantity"] for envelope in orders.published] == [1, 2, 3, 4]
    assert orders.stored_when_published == [[1, 2, 3], [1, 2, 3, 4]]


def test_no_write_returns_and_nothing_is_stored_before_the_commit(orders: Orders) -> None:
    returned: list[list[int]] = []

    def write(number: int) -> None:
        with orders.db.write() as session:
            place(number)(session)
            assert orders.stored() == []
        returned.append(orders.stored())

    wait([eventlet.spawn(write, number) for number in (1, 2)])
    assert returned == [[1, 2], [1, 2]]


def test_error_that_results_from_another_write_is_raised_after_the_commit(orders: Orders) -> None:
    def find_another(session: Session) -> None:
        raise Conflict(f"There is {session.scalar(select(func.count()).select_from(Order))} order.")

    stored: list[list[int]] = []
    placed, rejected = orders.write(place(1), find_another)
    rejected.link(lambda _rejected: stored.append(orders.stored()))
    assert wait([placed, rejected]) == [None, Conflict]
    assert stored == [[1]]


def fail(session: Session) -> None:
    place(2)(session)
    raise Conflict("Sold out.")


def violate_a_key(session: Session) -> None:
    outbox.add(session, OrderPlaced(quantity=2))
    session.add_all([Order(number=2), Order(number=1)])


@pytest.mark.parametrize(("work", "error"), [(fail, Conflict), (violate_a_key, IntegrityError)])
def test_write_that_fails_rolls_back_alone(orders: Orders, work: Work, error: type) -> None:
    assert wait(orders.write(place(1), work, place(3))) == [None, error, None]
    assert orders.stored() == [1, 3]
    assert [envelope.payload["quantity"] for envelope in orders.published] == [1, 3]
    with orders.db.read() as session:
        assert len(session.execute(select(tables.outbox)).all()) == 2


def test_group_in_which_every_write_fails_leaves_the_database_usable(orders: Orders) -> None:
    assert wait(orders.write(fail, fail)) == [Conflict, Conflict]
    assert wait(orders.write(place(1))) == [None]
    assert orders.stored() == [1]


def test_failed_commit_fails_every_write_and_publishes_nothing(orders: Orders) -> None:
    """SQLite rolls back by itself when the disk is full, for example."""

    def roll_back(session: Session) -> None:
        session.connection().exec_driver_sql("ROLLBACK")

    assert wait(orders.write(place(1), roll_back, place(3))) == [Unavailable, Unavailable, Unavailable]
    assert orders.published == []
    assert 1 not in orders.stored()
    assert wait(orders.write(place(4))) == [None]


def test_database_that_another_process_locks_raises_unavailable_until_it_is_released(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_WAIT", 0.1)
    with orders.db.read() as session:
        session.execute(text("PRAGMA busy_timeout = 10"))
    orders.other.execute("BEGIN IMMEDIATE")
    assert wait(orders.write(place(1), place(2))) == [Unavailable, Unavailable]
    orders.other.execute("ROLLBACK")
    assert wait(orders.write(place(3), place(4))) == [None, None]
    assert orders.stored() == [3, 4]


def test_write_whose_greenlet_is_killed_does_not_affect_the_others(orders: Orders) -> None:
    def be_killed(session: Session) -> None:
        place(2)(session)
        eventlet.sleep(60)

    first, killed, last = orders.write(place(1), be_killed, place(3))
    eventlet.sleep(0)
    killed.kill()
    assert wait([first, last]) == [None, None]
    assert orders.stored() == [1, 3]


def test_write_that_waits_too_long_for_its_turn_raises_unavailable(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LOCK_WAIT", 0.01)
    slow, other = orders.write(lambda _session: eventlet.sleep(60), place(2))
    assert wait([other]) == [Unavailable]
    slow.kill()
    assert wait(orders.write(place(3))) == [None]
