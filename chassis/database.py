"""nameko-sqlalchemy's Database with our engines, explicit transactions, an outbox relay and keyed writes."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import nameko_sqlalchemy
from nameko.containers import WorkerContext
from nameko_sqlalchemy import DB_URIS_KEY
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from chassis import idempotency, outbox
from chassis.contract import Message
from chassis.engine import WRITE, database_url, engine_options, tune
from chassis.errors import Unavailable
from chassis.relay import Relay

Reply = TypeVar("Reply", bound=Message)

CONNECTIONS = 20  # a process at most; PostgreSQL's own limit is 100 for all

_log = logging.getLogger(__name__)


class Sessions:
    """Opens transactions for one call; what it commits to the outbox goes to the relay at once."""

    def __init__(self, factory: sessionmaker[Any], relay: Relay | None = None, call: Any = None) -> None:
        self._factory = factory
        self._relay = relay
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
        if self._relay is not None:
            self._relay.publish(outbox.taken_from(session))

    def once(self, reply: type[Reply], write: Callable[[Session], Reply]) -> Reply:
        """Run a write in a transaction of its own, once per request key; a repeated request gets the first reply."""
        with self.write() as session:
            return idempotency.once(session, self._call, reply, write)

    def repeated(self, reply: type[Reply]) -> Reply | None:
        """Return the first reply to a repeated request; for writes that must ask other services before `once`."""
        with self.read() as session:
            return idempotency.repeated(session, self._call, reply)


class Database(nameko_sqlalchemy.Database):
    """Provides `Sessions` on the database of a section of config.yml."""

    relay = Relay()

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Sessions: ...

    def __init__(self, declarative_base: type[DeclarativeBase], section: str) -> None:
        super().__init__(declarative_base)
        self.section = section

    def setup(self) -> None:
        """Make the engine; nothing connects before the first transaction."""
        config = self.container.config
        url = database_url(config[self.section]["database"])
        self.engine_options = engine_options(url, min(self.container.max_workers, CONNECTIONS))
        key = f"{self.container.service_name}:{self.declarative_base.__name__}"
        uri = url.render_as_string(hide_password=False)
        config.setdefault(DB_URIS_KEY, {})[key] = uri.replace("{", "{{").replace("}", "}}")  # it is formatted
        super().setup()
        tune(self.engine)

    def start(self) -> None:
        """Start relaying."""
        self.relay.begin(Sessions(self.Session), self.section)

    def stop(self) -> None:
        """Publish what the last calls committed, then close the connections."""
        self.relay.drain()
        super().stop()

    def get_dependency(self, worker_ctx: WorkerContext) -> Sessions:
        """Return the transactions of this call."""
        return Sessions(self.Session, self.relay, worker_ctx)

    def worker_teardown(self, worker_ctx: WorkerContext) -> None:
        """Do nothing: each transaction closed its session already."""


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a database that is away, or a lock or connection that does not come, into a refusal that may be repeated."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        _log.warning("the database is not available: %s", type(getattr(error, "orig", error)).__name__)
        raise Unavailable("The database is away or too busy.") from error
