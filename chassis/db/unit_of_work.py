"""Transactions as services write them: with what is to be published after the commit, and once per request key."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from chassis.amqp.envelope import Envelope
from chassis.contract import Message
from chassis.db import idempotency, outbox
from chassis.db.engine import WRITE
from chassis.errors import Unavailable

Reply = TypeVar("Reply", bound=Message)
Publish = Callable[[Sequence[Envelope]], None]

_log = logging.getLogger(__name__)


class UnitOfWork:
    """Opens transactions for one call; what it commits to the outbox goes to the relay at once."""

    def __init__(self, factory: sessionmaker[Any], publish: Publish | None = None, call: Any = None) -> None:
        self._factory = factory
        self._publish = publish
        self._call = call

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads."""
        with _refusing(), self._factory(close_on_exit=True) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the end, or not at all. Nothing in it may wait for anything but SQL."""
        with _refusing(), self._factory(close_on_exit=True) as session:
            session.connection(execution_options={WRITE: True})
            yield session
        if self._publish is not None:
            self._publish(outbox.taken_from(session))

    def once(self, reply: type[Reply], write: Callable[[Session], Reply]) -> Reply:
        """Run a write in a transaction of its own, once per request key; a repeated request gets the first reply."""
        with self.write() as session:
            return idempotency.once(session, self._call, reply, write)

    def previous_reply(self, reply: type[Reply]) -> Reply | None:
        """Return the first reply to a repeated request; for writes that must ask other services before `once`."""
        with self.read() as session:
            return idempotency.previous_reply(session, self._call, reply)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a database that is away, or a lock or connection that does not come, into a refusal that may be repeated."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        _log.warning("the database is not available: %s", type(getattr(error, "orig", error)).__name__)
        raise Unavailable("The database is away or too busy.") from error
