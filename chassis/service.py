"""What every Nameko service class has."""

from chassis.access import OPERATORS
from chassis.calls import CallerProvider
from chassis.client import Peers
from chassis.contract import Empty
from chassis.description import Description, describe
from chassis.parked import DiscardParked, Moved, Parked, ReplayParked
from chassis.parking import ParkingProvider
from chassis.reporter import Reporter
from chassis.rpc import rpc


class Service:
    """Base of the service classes: who calls, whom to call, and answers to `ping` and `describe`."""

    caller = CallerProvider()
    peers = Peers()
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

    parking = ParkingProvider()

    @rpc(OPERATORS)
    def parked(self, request: Empty) -> Parked:  # noqa: ARG002 - there is nothing to ask
        """Tell of each event handler how many events are parked or wait, and show the oldest, never what they say."""
        return self.parking.listed()

    @rpc(OPERATORS)
    def replay_parked(self, request: ReplayParked) -> Moved:
        """Give parked events to their handler again, the oldest first or one by its id."""
        return self.parking.replay(request)

    @rpc(OPERATORS)
    def discard_parked(self, request: DiscardParked) -> Moved:
        """Throw parked events away, the oldest first or one by its id, and log what they were."""
        return self.parking.discard(request)
