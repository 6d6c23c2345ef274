"""Calls that may come as a crowd take turns, so that they leave half of the process's calls to others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from gevent.lock import BoundedSemaphore

from chassis.contract import Message
from chassis.errors import Unavailable
from gateway.rpc.client import RpcClient

WAIT = 60  # seconds, at most: so long may thousands of websockets take to come back after a restart

Reply = TypeVar("Reply", bound=Message)


class RpcQueue:
    """Makes at most `calls` calls at a time, in order of arrival."""

    def __init__(self, rpc: RpcClient, calls: int) -> None:
        self._rpc = rpc
        self._slots = BoundedSemaphore(calls)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises Unavailable after WAIT."""
        if not self._slots.acquire(timeout=WAIT):
            raise Unavailable("Too many calls are under way.", "overloaded")
        try:
            yield
        finally:
            self._slots.release()

    def call_as_gateway(self, target: str, request: Message, reply: type[Reply], deadline: float = 5) -> Reply:
        """Call as `RpcClient.call_as_gateway` does; `deadline` begins with the turn. Raises Unavailable after WAIT."""
        with self.turn():
            return self._rpc.call_as_gateway(target, request, reply, deadline)
