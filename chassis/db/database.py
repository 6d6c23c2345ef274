"""The database of a service: nameko-sqlalchemy's provider with the chassis' engines, transactions and outbox relay."""

from collections.abc import Callable

import nameko_sqlalchemy
from nameko.containers import WorkerContext
from nameko_sqlalchemy import DB_URIS_KEY
from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase

from chassis.db.engine import database_url, engine_options, tune
from chassis.db.group_commit import GroupCommit
from chassis.db.outbox.relay import OutboxRelay
from chassis.db.unit_of_work import UnitOfWork
from chassis.observability import metrics
from chassis.provider import Provider

MAX_CONNECTIONS = 20  # of a process; PostgreSQL allows 100 in total by default


class Database(Provider[UnitOfWork], nameko_sqlalchemy.Database):
    """Provides UnitOfWork for the database in a section of config.yml."""

    relay = OutboxRelay()

    def __init__(self, declarative_base: type[DeclarativeBase], section: str) -> None:
        super().__init__(declarative_base)
        self.section = section
        self.before_close: list[Callable[[], None]] = []
        self._group: GroupCommit | None = None
        self._reads: Engine | None = None

    def setup(self) -> None:
        """Create the engine, which connects at the first transaction."""
        config = self.container.config
        url = database_url(config[self.section]["database"])
        pool_size = min(self.container.max_workers, MAX_CONNECTIONS)
        self.engine_options = engine_options(url, pool_size, config["postgresql"])
        key = f"{self.container.service_name}:{self.declarative_base.__name__}"
        uri = url.render_as_string(hide_password=False)
        config.setdefault(DB_URIS_KEY, {})[key] = uri.replace("{", "{{").replace(
            "}", "}}"
        )  # nameko-sqlalchemy calls str.format
        super().setup()
        tune(self.engine)
        if self.engine.dialect.name == "sqlite":
            self._group = GroupCommit(self.engine, self.Session, self.relay.publish)
        else:  # a statement has a snapshot of its own anyway; the start and the end of a transaction are round trips
            self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        metrics.watch_connections(self.container.service_name, self.engine)

    def start(self) -> None:
        """Start the outbox relay, unless the database is another service's: only that one has a key for its events."""
        if self.container.service_name == self.section:
            self.relay.run(self.unit_of_work().write, self.section)

    def stop(self) -> None:
        """Call `before_close`, publish the remaining events, then close the connections."""
        for function in self.before_close:
            function()
        self.relay.drain()
        self._finish_writes()
        super().stop()

    def kill(self) -> None:
        """Stop the relay, which would open a connection again, then close the connections."""
        self.relay.kill()
        self._finish_writes()
        super().kill()

    def get_dependency(self, worker_ctx: WorkerContext) -> UnitOfWork:
        """Return the unit of work of this worker."""
        return self.unit_of_work(worker_ctx)

    def unit_of_work(self, worker_ctx: WorkerContext | None = None) -> UnitOfWork:
        """Return a unit of work for a worker, or for an extension."""
        return UnitOfWork(self.Session, self.relay.publish, worker_ctx, self._group, self._reads)

    def worker_teardown(self, worker_ctx: WorkerContext) -> None:
        """Do nothing: each transaction closes its own session."""

    def _finish_writes(self) -> None:
        if self._group is not None:
            self._group.finish()
