"""What every Nameko service class has."""

from chassis.amqp.message_context import CallerProvider
from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.events.contract import DiscardParked, Moved, Parked, ReplayParked
from chassis.events.dead_letters import DeadLettersProvider
from chassis.observability.error_reporter import Reporter
from chassis.rpc.client import RpcClientProvider
from chassis.rpc.entrypoint import rpc
from chassis.rpc.introspection import Description, describe


class Service:
    """Base of the service classes: who calls, whom to call, and answers to `ping` and `describe`."""

    caller = CallerProvider()
    rpc_client = RpcClientProvider()
    reporter = Reporter()

    @rpc
    def ping(self, request: Empty) -> Empty:
        """Answer, and so show that the service is there."""
        return request

    @rpc
    def describe(self, request: Empty) -> Description:  # noqa: ARG002 - there is nothing to ask
        """Tell which methods there are, what they take and what they return."""
        return describe(type(self))


class ListeningService(Service):
    """Base of those with event handlers: operators look after the events that failed too often."""

    dead_letters = DeadLettersProvider()

    @rpc(OPERATORS)
    def parked(self, request: Empty) -> Parked:  # noqa: ARG002 - there is nothing to ask
        """Tell of each event handler how many events are parked or wait, and show the oldest, never what they say."""
        return self.dead_letters.listed()

    @rpc(OPERATORS)
    def replay_parked(self, request: ReplayParked) -> Moved:
        """Give parked events to their handler again, the oldest first or one by its id."""
        return self.dead_letters.replay(request)

    @rpc(OPERATORS)
    def discard_parked(self, request: DiscardParked) -> Moved:
        """Throw parked events away, the oldest first or one by its id, and log what they were."""
        return self.dead_letters.discard(request)
