"""Signing in with a password, and sessions."""

from chassis.auth.access import USER, services
from chassis.contract import Empty
from chassis.errors import NotFound, Unauthenticated
from chassis.rpc.entrypoint import rpc
from users import contract
from users.codes import sign_in
from users.entrypoints.dependencies import Dependencies
from users.models import UserSession
from users.sessions import lifecycle


class SessionEntrypoints(Dependencies):
    """The methods about logins and sessions."""

    @rpc
    def login(self, request: contract.ClientLogin) -> contract.Session:
        """Start a session and return its token, once. Failed logins are counted."""
        secrets = self._secrets if request.code else ()
        verified, code_id = sign_in.verify(self.db, self.hasher, secrets, self._limits, request)
        with self.db.write() as session:
            if code_id is not None:
                sign_in.consume(session, verified.user_id, code_id)
            started, identity = lifecycle.start(session, request, verified, self._policy)
            ended = lifecycle.end_surplus(session, verified.user_id, self._policy)
        self._cache_session(started, identity, ended)
        return started

    @rpc(USER)
    def logout(self, request: contract.Logout) -> Empty:
        """End the caller's session, or all sessions of the caller."""
        user_id = self.caller.require_user()
        with self.db.write() as session:
            ended = lifecycle.log_out(session, self.caller, everywhere=request.everywhere)
        self._refresh_sessions(user_id, *ended)
        return Empty()

    @rpc(USER)
    def sessions(self, request: contract.ListSessions) -> contract.SessionPage:
        """Return a page of the caller's live sessions, newest first."""
        with self.db.read() as session:
            return lifecycle.page(session, self.caller, request)

    @rpc(USER)
    def end_session(self, request: contract.EndSession) -> Empty:
        """End one of the caller's live sessions."""
        with self.db.write() as session:
            ended = lifecycle.end_one(session, self.caller, request.id)
        self._refresh_sessions(self.caller.require_user(), UserSession.id == request.id)
        if not ended:
            raise NotFound("There is no such session.")
        return Empty()

    @rpc(services("gateway"))
    def authenticate(self, request: contract.Authenticate) -> contract.Identity:
        """Return the identity of a live session by the hash of its token, and record its use."""
        [identity] = self._identify([request.token_hash])
        if identity is None:
            raise Unauthenticated("The session has ended, or never was.", "invalid_token")
        return identity

    @rpc(services("gateway"))
    def authenticate_all(self, request: contract.AuthenticateAll) -> contract.Identities:
        """Return the identities of sessions by the hashes of their tokens, null if not live; record their use."""
        return contract.Identities(items=self._identify(request.token_hashes))

    def _identify(self, token_hashes: list[str]) -> list[contract.Identity | None]:
        """Return the identity of each session, None if it is not live; record their use and cache them."""
        live = lifecycle.identify(self.db, token_hashes, self._policy)
        self.session_cache.add(live)
        return [live.get(token_hash) for token_hash in token_hashes]
