"""Requests the identities of sessions from users, of many with one call."""

from chassis.errors import Unauthenticated
from gateway.rpc.client import MethodMissing, RpcClient
from gateway.rpc.shared_calls import SharedCalls
from users.contract import Authenticate, AuthenticateAll, Identities, Identity

AT_ONCE = 64  # sessions in a call


class Sessions:
    """Identifies the users of tokens; requests at the same time share calls."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._calls = SharedCalls(self._authenticate, AT_ONCE)

    def identity(self, token_hash: str) -> Identity:
        """Return the identity of a live session, read after this call began, and let users record its use.

        Raises Unauthenticated if the session is not live, or the ServiceError of the call.
        """
        found = self._calls.request(token_hash)
        if found is None:
            raise Unauthenticated("The session has ended, or never was.", "invalid_token")
        return found

    def _authenticate(self, token_hashes: list[str]) -> list[Identity | None]:
        """Return the identity of each session; of the first only, while users is of the release before."""
        try:
            request = AuthenticateAll(token_hashes=token_hashes)
            return self._rpc.call_as_gateway("users.authenticate_all", request, Identities).items
        except MethodMissing:
            return [self._authenticate_one(token_hashes[0])]

    def _authenticate_one(self, token_hash: str) -> Identity | None:
        try:
            return self._rpc.call_as_gateway("users.authenticate", Authenticate(token_hash=token_hash), Identity)
        except Unauthenticated:
            return None
