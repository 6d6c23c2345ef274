"""Base classes of the Nameko services."""

from chassis.amqp.message_context import CallerProvider
from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.events.contract import DiscardParked, Moved, Parked, ReplayParked
from chassis.events.dead_letters import DeadLettersProvider
from chassis.observability.error_reporter import ErrorReporter
from chassis.rpc.client import RpcClientProvider
from chassis.rpc.entrypoint import rpc
from chassis.rpc.introspection import Description, describe


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


class ListeningService(Service):
    """Base of services with event handlers: operators list, replay and discard their dead letters."""

    dead_letters = DeadLettersProvider()

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
