"""Requests the replays of websockets from notifications, of many with one call."""

from gateway.rpc.client import RpcClient
from gateway.rpc.shared_calls import SharedCalls
from notifications import contract
from notifications.contract import Replay, ReplayRequest, ReplayRequests

AT_ONCE = 16  # replays in a call


class Replays:
    """Fetches replays; those that are requested at the same time share calls."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._calls = SharedCalls(self._call, AT_ONCE)

    def fetch(self, request: ReplayRequest) -> Replay:
        """Return a replay that was read after this call began. Raises ServiceError."""
        return self._calls.request(request)

    def _call(self, requests: list[ReplayRequest]) -> list[Replay]:
        """Return the replays that fit into a reply; from notifications of the release before, only the first."""
        first, *others = requests
        request = ReplayRequests(**dict(first), others=others)
        reply = self._rpc.call_as_gateway("notifications.missed", request, contract.Replays)
        return [reply, *reply.others]
