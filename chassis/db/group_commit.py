"""Group commit for SQLite: the writes of a process that are due at the same time share a transaction and its commit.

The first write begins the transaction. All others that are ready to run before it ends join it, one after the other,
each in a savepoint, so that one that fails rolls back alone. Then one commit, and one synchronisation with the disk,
stores them all. A write that is alone is committed at once. Groups begin at least `interval` apart: writes that come
sooner wait, with no connection and no lock, and form the next group. A worker that writes several times, one after the
other, waits only the first time.

PostgreSQL needs none of this: its transactions run at the same time, and it groups their commits itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from chassis.amqp.envelope import Envelope
from chassis.db.engine import LOCK_WAIT, WRITE
from chassis.db.outbox import store
from chassis.errors import Unavailable
from chassis.minimum_interval import MinimumInterval

# Seconds from the start of a group to that of the next. Each group has a commit, confirms of its events, new versions
# of cache tags, and wakes up all processes that wait for one of these: alone it costs more than its first write.
INTERVAL = 0.02

Publish = Callable[[Sequence[Envelope]], None]


class GroupCommit:
    """Opens the writes of a process on one database; `publish` gets the events of a group in the order of writes."""

    def __init__(
        self, engine: Engine, factory: sessionmaker[Any], publish: Publish, interval: float = INTERVAL
    ) -> None:
        self._engine = engine
        self._factory = factory
        self._publish = publish
        self._turn = Semaphore()  # held by the one greenlet that uses the connection
        self._open: _Group | None = None
        self._interval = MinimumInterval(interval)

    @contextmanager
    def write(self, *, at_once: bool = False) -> Iterator[Session]:
        """Run the `with` block in a savepoint of the open group, and wait for the group's commit.

        If no group is open, the next one begins `interval` after the last, or `at_once`. A block that raises an error
        waits too, because the error may result from what others of the group wrote. If the commit fails, every write of
        the group raises its error.
        """
        group = None
        if not at_once and self._open is None:
            self._interval.wait()
        try:
            with self._my_turn():
                group = self._join()
                with self._factory(
                    bind=group.connection, join_transaction_mode="create_savepoint", close_on_exit=True
                ) as session:
                    yield session
                group.events += store.pop_committed(session)
        finally:
            if group is not None:
                group.committed.wait()

    def finish(self) -> None:
        """Wait until the open group has ended, LOCK_WAIT at most; before the engine closes its connections."""
        group = self._open
        if group is not None:
            with eventlet.Timeout(LOCK_WAIT, False), suppress(Exception):  # noqa: FBT003 - False: no exception
                group.committed.wait()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=LOCK_WAIT):
            raise Unavailable("The database is overloaded.")
        try:
            yield
        finally:
            self._turn.release()

    def _join(self) -> "_Group":
        if self._open is None:
            self._open = _Group(self._engine)
            self._interval.start()
            eventlet.spawn_n(self._commit)  # runs after the greenlets that are ready now
        return self._open

    def _commit(self) -> None:
        with self._turn:
            group, self._open = self._open, None
            assert group is not None  # noqa: S101 - begun by _join, which started this greenlet
            try:
                group.commit()
            except Exception as error:  # noqa: BLE001 - raised by the writes
                group.committed.send_exception(error)
            else:
                group.committed.send()  # the writes go on after this greenlet
                self._publish(group.events)


class _Group:
    """An open transaction of several writes, and the events that they publish after its commit."""

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect().execution_options(**{WRITE: True})
        try:
            self._transaction = self.connection.begin()
        except BaseException:
            self.connection.close()
            raise
        self.events: list[Envelope] = []
        self.committed = Signal()

    def commit(self) -> None:
        """Commit and release the connection; if that fails, roll back."""
        with self.connection, self._transaction:
            # sqlite3's commit() would not notice that SQLite has rolled back, for example because the disk is full.
            self.connection.exec_driver_sql("COMMIT")
