"""Signing in with a password, and sessions."""

from functools import partial

from sqlalchemy.orm import Session

from chassis.auth.access import USER, services
from chassis.contract import Empty
from chassis.errors import Unauthenticated
from chassis.rpc.entrypoint import rpc
from users import contract
from users.codes import sign_in
from users.entrypoints.dependencies import Dependencies
from users.models import UserSession
from users.sessions import lifecycle
from users.sessions.lifecycle import StartedSession


class SessionEntrypoints(Dependencies):
    """The methods about logins and sessions."""

    @rpc
    def login(self, request: contract.ClientLogin) -> contract.Session:
        """Start a session and return its token. Failed logins are counted. Idempotent with a key."""
        started = self.db.previous_reply(StartedSession) or self._start_session(request)
        self._cache_session(started)
        return started.session

    @rpc(USER)
    def logout(self, request: contract.Logout) -> Empty:
        """End the caller's session, or all sessions of the caller. Idempotent with a key."""
        user_id = self.caller.require_user()
        conditions = () if request.everywhere else (UserSession.id == self.caller.session,)
        self.db.run_once(partial(lifecycle.log_out, caller=self.caller, everywhere=request.everywhere))
        self._refresh_sessions(user_id, *conditions)
        return Empty()

    @rpc(USER)
    def sessions(self, request: contract.ListSessions) -> contract.SessionPage:
        """Return a page of the caller's live sessions, newest first."""
        with self.db.read() as session:
            return lifecycle.page(session, self.caller, request)

    @rpc(USER)
    def end_session(self, request: contract.EndSession) -> Empty:
        """End one of the caller's live sessions. Idempotent with a key."""
        try:
            return self.db.run_once(partial(lifecycle.end_one, caller=self.caller, session_id=request.id))
        finally:  # also if it has ended: that process may have ended before it changed the cache
            self._refresh_sessions(self.caller.require_user(), UserSession.id == request.id)

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

    def _start_session(self, request: contract.ClientLogin) -> StartedSession:
        secrets = self._secrets if request.code else ()
        verified, code_id = sign_in.verify(self.db, self.hasher, secrets, self._limits, request)

        def start(session: Session) -> StartedSession:
            if code_id is not None:
                sign_in.consume(session, verified.user_id, code_id)
            return lifecycle.start(session, request, verified, self._policy)

        return self.db.once(StartedSession, start)

    def _identify(self, token_hashes: list[str]) -> list[contract.Identity | None]:
        """Return the identity of each session, None if it is not live; record their use and cache them."""
        live = lifecycle.identify(self.db, token_hashes, self._policy)
        self.session_cache.add(live)
        return [live.get(token_hash) for token_hash in token_hashes]
