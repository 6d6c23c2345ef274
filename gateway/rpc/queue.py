"""Calls that may come as a crowd take turns, so that they do not delay others."""

from typing import TypeVar

from chassis.contract import Message
from gateway.rpc.client import RpcClient
from gateway.rpc.turns import Turns

WAIT = 60  # seconds, at most: so long may thousands of websockets take to come back after a restart

Reply = TypeVar("Reply", bound=Message)


class RpcQueue(Turns):
    """Makes at most `calls` calls at a time, in order of arrival."""

    def __init__(self, rpc: RpcClient, calls: int) -> None:
        super().__init__(calls, WAIT)
        self._rpc = rpc

    def call_as_gateway(self, target: str, request: Message, reply: type[Reply], deadline: float = 5) -> Reply:
        """Call as `RpcClient.call_as_gateway` does; `deadline` begins with the turn. Raises Unavailable after WAIT."""
        with self.turn():
            return self._rpc.call_as_gateway(target, request, reply, deadline)
