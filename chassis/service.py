"""What every Nameko service class has."""

from chassis.calls import CallerProvider
from chassis.client import Peers
from chassis.contract import Empty
from chassis.description import Description, describe
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
