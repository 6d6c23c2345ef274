"""Transactions of services: they publish their events after the commit, and run once per idempotency key."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from chassis.amqp.envelope import Envelope
from chassis.contract import Empty, Message
from chassis.db import idempotency
from chassis.db.engine import WRITE
from chassis.db.outbox import store
from chassis.errors import DeadlineExceeded, Unavailable

if TYPE_CHECKING:  # it imports eventlet, which users of this module may not
    from chassis.db.group_commit import GroupCommit

Reply = TypeVar("Reply", bound=Message)
Publish = Callable[[Sequence[Envelope]], None]

_log = logging.getLogger(__name__)


class UnitOfWork:
    """Opens transactions for one worker, and passes the events that they commit to the outbox relay."""

    def __init__(
        self,
        factory: sessionmaker[Any],
        publish: Publish | None = None,
        call: Any = None,
        group: "GroupCommit | None" = None,
        reads: Engine | None = None,
    ) -> None:
        self._factory = factory
        self._publish = publish
        self._call = call
        self._group = group
        self._has_written = False
        self._read_options: dict[str, Any] = {} if reads is None else {"bind": reads}

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads: from the engine `reads`, if there is one. Raises Unavailable."""
        with _unavailable(), self._factory(close_on_exit=True, **self._read_options) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the end of the `with` block, or rolls back if the block raises.

        The block must not wait for anything but the database. Raises Unavailable, or DeadlineExceeded if the connection
        was lost during the commit.
        """
        transaction = self._own_transaction() if self._group is None else self._group.write(at_once=self._has_written)
        self._has_written = True
        with _unavailable(), transaction as session:
            yield session

    def in_batches(self, write: Callable[[Session, int], int], size: int) -> None:
        """Run a write on up to `size` rows, in a transaction of its own each time, until it finds fewer."""
        found = size
        while found == size:
            with self.write() as session:
                found = write(session, size)

    def once(self, reply: type[Reply], write: Callable[[Session], Reply]) -> Reply:
        """Run a write in its own transaction, once per idempotency key; a repeated request gets the stored reply."""
        with self.write() as session:
            return idempotency.once(session, self._call, reply, write)

    def run_once(self, write: Callable[[Session], object]) -> Empty:
        """Run a write whose reply is empty, as `once` does."""

        def write_without_reply(session: Session) -> Empty:
            write(session)
            return Empty()

        return self.once(Empty, write_without_reply)

    def previous_reply(self, reply: type[Reply]) -> Reply | None:
        """Return the stored reply to a repeated request, or None; for writes that call other services before `once`."""
        if not idempotency.may_be_repeated(self._call):
            return None
        with self.read() as session:
            return idempotency.previous_reply(session, self._call, reply)

    @contextmanager
    def _own_transaction(self) -> Iterator[Session]:
        with self._factory(close_on_exit=True) as session:
            session.connection(execution_options={WRITE: True})
            yield session
            session.flush()
            with _outcome_unknown():
                session.commit()
        if self._publish is not None:
            self._publish(store.pop_committed(session))


@contextmanager
def _outcome_unknown() -> Iterator[None]:
    """Raise DeadlineExceeded if the connection is lost: the server may have committed before."""
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _log.warning("the connection to the database was lost during a commit")
        raise DeadlineExceeded("The connection to the database was lost; the request may have been done.") from error


@contextmanager
def _unavailable() -> Iterator[None]:
    """Raise Unavailable if the database is down, or a lock or a connection is not available in time.

    The transaction of a process that was stopped is ended by the server; psycopg2 calls that an InternalError.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not (isinstance(error, OperationalError) or error.connection_invalidated):
            raise
        _log.warning("the database is unavailable: %s", type(getattr(error, "orig", error)).__name__)
        raise Unavailable("The database is unavailable or overloaded.") from error
