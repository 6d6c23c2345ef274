"""Provides the reconciler of a service's event handlers."""

import eventlet
from kombu import Connection
from nameko.containers import WorkerContext

from chassis.amqp.publisher import CONNECT_TIMEOUT
from chassis.db.database import Database
from chassis.events.handler import EventHandler
from chassis.provider import Provider
from chassis.reconciliation.reconciler import Reconciler


class ReconcilerProvider(Provider[Reconciler | None]):
    """Provides Reconciler; None for a service without a database."""

    _reconciler: Reconciler | None = None

    def start(self) -> None:
        """Find the handlers of durable events, and the database, which are set up now."""
        database = next((found for found in self.container.dependencies if isinstance(found, Database)), None)
        handlers = [
            found for found in self.container.entrypoints if isinstance(found, EventHandler) and found.event.durable
        ]
        if database is None or not handlers:
            return
        skew = self.container.config["clock_skew"]
        self._reconciler = Reconciler(handlers, database.unit_of_work(), skew, self._is_empty)
        database.before_close.append(self._reconciler.mark_handled)

    def get_dependency(self, worker_ctx: WorkerContext) -> Reconciler | None:  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._reconciler

    def _is_empty(self, handler: EventHandler) -> bool:
        """Declare and bind the queue of a handler, and return whether no message waits in it.

        Uses a connection of its own, because only the consumer may read the container's.
        """
        with (
            eventlet.Timeout(CONNECT_TIMEOUT, TimeoutError("the broker does not answer")),
            Connection(self.container.config["AMQP_URI"], connect_timeout=CONNECT_TIMEOUT) as connection,
        ):
            connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
            queue = handler.queue(connection.channel())
            queue.declare()
            return int(queue.queue_declare().message_count) == 0
