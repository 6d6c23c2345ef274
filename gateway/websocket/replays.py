"""Requests the replays of websockets from notifications, of many with one call."""

from collections import deque
from contextvars import Context, copy_context
from typing import NamedTuple

import gevent
from gevent.event import AsyncResult

from gateway.rpc.client import RpcClient
from notifications import contract
from notifications.contract import Replay, ReplayRequest, ReplayRequests

AT_ONCE = 16  # replays in a call


class _Waiting(NamedTuple):
    request: ReplayRequest
    replay: "AsyncResult[Replay]"
    context: Context  # with the request id


class Replays:
    """One call runs at a time; all that are requested meanwhile share the next.

    So one handshake waits for nothing, and in a crowd a call costs each of them a fraction.
    """

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._waiting: deque[_Waiting] = deque()
        self._calling = False

    def fetch(self, request: ReplayRequest) -> Replay:
        """Return a replay that was read after this call began. Raises ServiceError."""
        waiting = _Waiting(request, AsyncResult(), copy_context())
        self._waiting.append(waiting)
        if not self._calling:
            self._calling = True
            gevent.spawn(self._call_for_all)
        return waiting.replay.get()  # type: ignore[return-value] # never None

    def _call_for_all(self) -> None:
        """Call until none waits."""
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                batch[0].context.run(self._call, batch)
        finally:
            self._calling = False

    def _call(self, batch: list[_Waiting]) -> None:
        """Request the replays of a batch. Those that do not fit into the reply are requested again, first."""
        first, *others = (waiting.request for waiting in batch)
        try:
            request = ReplayRequests(**dict(first), others=others)
            reply = self._rpc.call_as_gateway("notifications.missed", request, contract.Replays)
        except Exception as error:  # noqa: BLE001 - those who wait raise it
            for waiting in batch:
                waiting.replay.set_exception(error)
            return
        replays = [reply, *reply.others]
        for waiting, replay in zip(batch, replays, strict=False):
            waiting.replay.set(replay)
        self._waiting.extendleft(reversed(batch[len(replays) :]))
