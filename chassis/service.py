"""What every Nameko service class has."""

from chassis.calls import CallerProvider
from chassis.client import Peers
from chassis.contract import Empty
from chassis.rpc import rpc


class Service:
    """Base of the service classes: who calls, whom to call, and an answer to `ping`."""

    caller = CallerProvider()
    peers = Peers()

    @rpc
    def ping(self, request: Empty) -> Empty:
        """Answer, and so show that the service is there."""
        return request
