"""Opening, reading, changing and deleting accounts."""

from functools import partial

from chassis.auth.access import STAFF, USER, services, user_or
from chassis.contract import Empty
from chassis.errors import Unauthenticated
from chassis.rpc.entrypoint import rpc
from users import contract
from users.accounts import history, queries
from users.addresses import restoring
from users.credentials import authentication
from users.entrypoints.dependencies import Dependencies
from users.management import channels, erasure, invitations, registration, updates
from users.management.erasure import Erased
from users.models import UserSession


class AccountEntrypoints(Dependencies):
    """The methods about accounts."""

    @rpc
    def register(self, request: contract.Register) -> contract.NamedAccount:
        """Open an account. Idempotent with a key."""
        policy = self.verification_policy
        return registration.open_account(self.db, self.hasher, request, self._registration, policy)

    @rpc(STAFF)
    def invite(self, request: contract.Invite) -> contract.Invitation:
        """Create an invitation, with which one account can be opened. Idempotent with a key."""
        return self.db.once(contract.Invitation, partial(invitations.create, request=request))

    @rpc
    def detail(self, request: contract.GetUser) -> contract.Profile:
        """Return a profile; the account for its owner, staff and operators."""
        with self.db.read() as session:
            return queries.detail(session, self.caller, request)

    @rpc
    def all(self, request: contract.ListUsers) -> contract.ProfilePage:
        """Return a page of the profiles of open accounts, newest first."""
        with self.db.read() as session:
            return queries.page(session, request)

    @rpc(USER)
    def account_events(self, request: contract.ListAccountEvents) -> contract.AccountEventPage:
        """Return a page of what happened to the caller's account, newest first."""
        with self.db.read() as session:
            return history.page(session, self.caller, request)

    @rpc(USER)
    def update_account(self, request: contract.UpdateAccount) -> contract.NamedAccount:
        """Change the given fields of the caller's account. Idempotent with a key."""
        user_id = self.caller.require_user()
        account = self.db.previous_reply(contract.NamedAccount) or self._update(user_id, request)
        if "username" in request.model_fields_set:
            self._refresh_sessions(user_id)
        elif request.password:
            self._refresh_sessions(user_id, UserSession.id.is_distinct_from(self.caller.session))
        return account

    @rpc(user_or("gateway"))
    def delete_account(self, request: contract.DeleteAccount) -> Empty:
        """Delete the caller's account; other services delete their data of this user. Idempotent with a key.

        The gateway may repeat it without the user: the session has ended with the account.
        """
        erased = self.db.previous_reply(Erased) or self._erase(request.password)
        self.session_cache.end(erased.token_hashes)
        return Empty()

    @rpc(services("gateway", "notifications", "deliveries"))
    def opt_out(self, request: contract.OptOut) -> Empty:
        """Remove a channel from the account with a phone number, if there is one."""
        return self.db.run_once(partial(channels.opt_out, request=request))

    @rpc(services("gateway"))
    def unsubscribe(self, request: contract.Unsubscribe) -> Empty:
        """Remove a channel from the account with an unsubscribe token."""
        return self.db.run_once(partial(channels.unsubscribe, request=request))

    @rpc(services("gateway"))
    def restore_address(self, request: contract.RestoreAddress) -> Empty:
        """Restore an e-mail address that was changed; ends all sessions and makes the password unusable.

        Idempotent with a key.
        """
        restored = restoring.restore(self.db, self.hasher, self._secrets, request.token)
        self._refresh_sessions(restored.id)
        return Empty()

    def _update(self, user_id: str, request: contract.UpdateAccount) -> contract.NamedAccount:
        update = updates.prepare(self.db, self.hasher, self._limits.session, user_id, request)
        apply = partial(updates.apply, caller=self.caller, update=update, policy=self.verification_policy)
        return self.db.once(contract.NamedAccount, apply)

    def _erase(self, password: str) -> Erased:
        user_id, limit = self.caller.user, self._limits.session
        if user_id is None:
            raise Unauthenticated("This session has ended.", "invalid_token")
        changed_at = authentication.verify_in_session(self.db, self.hasher, limit, user_id, password)
        return self.db.once(Erased, partial(erasure.erase, user_id=user_id, password_changed_at=changed_at))
