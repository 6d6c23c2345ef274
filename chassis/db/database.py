"""nameko-sqlalchemy's Database with our engines, our transactions and an outbox relay."""

from typing import TYPE_CHECKING

import nameko_sqlalchemy
from nameko.containers import WorkerContext
from nameko_sqlalchemy import DB_URIS_KEY
from sqlalchemy.orm import DeclarativeBase

from chassis.db.engine import database_url, engine_options, tune
from chassis.db.outbox_relay import Relay
from chassis.db.unit_of_work import UnitOfWork
from chassis.observability import metrics

CONNECTIONS = 20  # a process at most; PostgreSQL's own limit is 100 for all


class Database(nameko_sqlalchemy.Database):
    """Provides `UnitOfWork` on the database of a section of config.yml."""

    relay = Relay()

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> UnitOfWork: ...

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
        metrics.watch_connections(self.container.service_name, self.engine)

    def start(self) -> None:
        """Start relaying."""
        self.relay.begin(UnitOfWork(self.Session), self.section)

    def stop(self) -> None:
        """Publish what the last calls committed, then close the connections."""
        self.relay.drain()
        super().stop()

    def kill(self) -> None:
        """Close the connections, after the relay has ended: it would open one again."""
        self.relay.kill()
        super().kill()

    def get_dependency(self, worker_ctx: WorkerContext) -> UnitOfWork:
        """Return the transactions of this call."""
        return UnitOfWork(self.Session, self.relay.publish, worker_ctx)

    def worker_teardown(self, worker_ctx: WorkerContext) -> None:
        """Do nothing: each transaction closed its session already."""
