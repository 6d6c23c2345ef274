"""Base classes of the Nameko services."""

from datetime import datetime
from typing import ClassVar

from chassis import clock
from chassis.amqp.message_context import CallerProvider
from chassis.auth.access import OPERATORS, SERVICE
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.events.contract import DiscardParked, Moved, Parked, ReplayParked
from chassis.events.dead_letters import DeadLettersProvider
from chassis.observability.error_reporter import ErrorReporter
from chassis.reconciliation.contract import EventReferences, EventsAt, EventsSince, LoggedEvents
from chassis.reconciliation.provider import ReconcilerProvider
from chassis.reconciliation.source import EventLogProvider
from chassis.rpc.client import RpcClientProvider
from chassis.rpc.entrypoint import rpc
from chassis.rpc.introspection import Description, describe
from chassis.timers import timer


class Service:
    """Base of all services: the caller, the RPC client, error reports, and the methods `ping` and `describe`."""

    caller = CallerProvider()
    rpc_client = RpcClientProvider()
    error_reporter = ErrorReporter()

    @rpc
    def ping(self, request: Empty) -> Empty:
        """Reply, for health checks."""
        return request

    @rpc
    def describe(self, request: Empty) -> Description:  # noqa: ARG002 - every RPC method takes a request
        """Return the RPC methods of this service with their requests and replies."""
        return describe(type(self))


class PublishingService(Service):
    """Base of services that publish durable events: their consumers read the event log."""

    db: ClassVar[Database]
    event_log = EventLogProvider()

    @rpc(SERVICE)
    def events_since(self, request: EventsSince) -> EventReferences:
        """Return references to the durable events that were published after a position."""
        with self.db.read() as session:
            return self.event_log.since(session, request)

    @rpc(SERVICE)
    def events_at(self, request: EventsAt) -> LoggedEvents:
        """Return events by their positions, with their payloads and signed headers."""
        with self.db.read() as session:
            return self.event_log.at(session, request)


class ListeningService(Service):
    """Base of services with event handlers.

    It fetches events that it did not receive, and operators list, replay and discard its dead letters.
    """

    dead_letters = DeadLettersProvider()
    reconciler = ReconcilerProvider()

    @timer("events.reconcile", eager=True)
    def reconcile_events(self) -> None:
        """Compare the events of the sources with those that were handled, and fetch what is missing."""
        if self.reconciler is not None:
            self.reconciler.run(self.rpc_client)

    def time_at(self, source: str) -> datetime:
        """Return the current time by the clock of a service whose events are handled here."""
        return clock.now() if self.reconciler is None else self.reconciler.now_at(source)

    @rpc(OPERATORS)
    def parked(self, request: Empty) -> Parked:  # noqa: ARG002 - as above
        """Count the parked and the waiting events of each handler, and describe the oldest without their content."""
        return self.dead_letters.overview()

    @rpc(OPERATORS)
    def replay_parked(self, request: ReplayParked) -> Moved:
        """Return parked events to their handler: one by its id, or the oldest first."""
        return self.dead_letters.replay(request)

    @rpc(OPERATORS)
    def discard_parked(self, request: DiscardParked) -> Moved:
        """Delete parked events, one by its id or the oldest first, and log their ids and errors."""
        return self.dead_letters.discard(request)
