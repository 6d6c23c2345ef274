"""Signing in at an identity provider. All writes are idempotent with a key."""

from functools import partial

from chassis.auth.access import USER
from chassis.contract import Empty
from chassis.rpc.entrypoint import rpc
from users import contract
from users.entrypoints.dependencies import Dependencies
from users.identities import linked, relying_party_provider
from users.identities.sign_in import Rules, SignIns
from users.sessions.lifecycle import StartedSession


class IdentityEntrypoints(Dependencies):
    """The methods about identities."""

    @rpc
    def begin_provider_sign_in(self, request: contract.BeginProviderSignIn) -> contract.ProviderSignIn:
        """Begin a sign-in at the identity provider; with `link` to add the identity to the caller's account."""
        return self._sign_ins.begin(self.caller, request)

    @rpc
    def finish_provider_sign_in(self, request: contract.ClientFinishProviderSignIn) -> contract.Session:
        """Start a session after a sign-in at the identity provider; opens an account if there is none."""
        started = self.db.previous_reply(StartedSession) or self._sign_ins.finish(self.caller, request)
        self._cache_session(started)
        return started.session

    @rpc(USER)
    def identities(self, request: contract.ListIdentities) -> contract.LinkedIdentities:  # noqa: ARG002 - every RPC method takes a request
        """Return the identities that may sign in to the caller's account."""
        with self.db.read() as session:
            return linked.page(session, self.caller)

    @rpc(USER)
    def remove_identity(self, request: contract.RemoveIdentity) -> Empty:
        """Remove an identity of the caller's account."""
        return self.db.run_once(partial(linked.remove, caller=self.caller, identity_id=request.id))

    @property
    def _sign_ins(self) -> SignIns:
        relying_party = relying_party_provider.require(self.relying_party)
        return SignIns(self.db, self.hasher, relying_party, Rules(self._limits, self._policy, self._registration))
