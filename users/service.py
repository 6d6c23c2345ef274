"""The users service: accounts, credentials and sessions."""

from functools import partial

from nameko.dependency_providers import Config
from nameko.timer import timer
from sqlalchemy import ColumnElement

from chassis import clock
from chassis.auth import keyring
from chassis.auth.access import OPERATORS, STAFF, USER, services
from chassis.contract import Empty
from chassis.contract.export import ExportUser
from chassis.db.database import Database
from chassis.errors import NotFound, Unauthenticated
from chassis.rpc.entrypoint import rpc
from chassis.service import PublishingService
from users import contract, export, history, store
from users.accounts import admin, channels, erasure, invitations, queries, registration, trust, updates
from users.addresses import changes, notices, restoring
from users.codes import by_name, issuing, password_reset, sending, sign_in, verification
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.failed_logins import LoginLimits
from users.credentials.hashing import HasherProvider
from users.identities import linked, relying_party_provider
from users.identities import store as identities_store
from users.identities.relying_party_provider import RelyingPartyProvider
from users.identities.sign_in import Rules, SignIns
from users.models import Base, User, UserSession
from users.second_factor import factor
from users.sessions import lifecycle, recipients
from users.sessions import store as session_store
from users.sessions.cache import Identities, SessionCacheProvider
from users.sessions.lifecycle import SessionPolicy
from users.verification_policy import VerificationPolicyProvider

CLEANUP_INTERVAL = 60  # seconds
CLEANUP_BATCH = 1000  # rows deleted in a transaction


class UsersService(PublishingService):
    """Users: registration, login, accounts, and who was active at a time."""

    name = "users"

    config = Config()
    db = Database(Base, "users")
    hasher = HasherProvider()
    verification_policy = VerificationPolicyProvider()
    session_cache = SessionCacheProvider()
    relying_party = RelyingPartyProvider()

    @rpc
    def register(self, request: contract.Register) -> contract.NamedAccount:
        """Open an account. Idempotent with a key."""
        policy = self.verification_policy
        return registration.open_account(self.db, self.hasher, request, self._registration, policy)

    @rpc(STAFF)
    def invite(self, request: contract.Invite) -> contract.Invitation:
        """Create an invitation, with which one account can be opened."""
        with self.db.write() as session:
            return invitations.create(session, request)

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

    @rpc
    def begin_provider_sign_in(self, request: contract.BeginProviderSignIn) -> contract.ProviderSignIn:
        """Begin a sign-in at the identity provider; with `link` to add the identity to the caller's account."""
        return self._sign_ins.begin(self.caller, request)

    @rpc
    def finish_provider_sign_in(self, request: contract.ClientFinishProviderSignIn) -> contract.Session:
        """Start a session after a sign-in at the identity provider; opens an account if there is none."""
        started = self._sign_ins.finish(self.caller, request)
        self._cache_session(started.session, started.identity, started.ended)
        return started.session

    @rpc(USER)
    def identities(self, request: contract.ListIdentities) -> contract.LinkedIdentities:  # noqa: ARG002 - every RPC method takes a request
        """Return the identities that may sign in to the caller's account."""
        with self.db.read() as session:
            return linked.page(session, self.caller)

    @rpc(USER)
    def remove_identity(self, request: contract.RemoveIdentity) -> Empty:
        """Remove an identity of the caller's account."""
        with self.db.write() as session:
            linked.remove(session, self.caller, request.id)
        return Empty()

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

    @rpc(USER)
    def account_events(self, request: contract.ListAccountEvents) -> contract.AccountEventPage:
        """Return a page of what happened to the caller's account, newest first."""
        with self.db.read() as session:
            return history.page(session, self.caller, request)

    @rpc(USER)
    def update_account(self, request: contract.UpdateAccount) -> contract.NamedAccount:
        """Change the given fields of the caller's account. Idempotent with a key."""
        user_id = self.caller.require_user()
        update = updates.prepare(self.db, self.hasher, self._limits.session, user_id, request)
        apply = partial(updates.apply, caller=self.caller, update=update, policy=self.verification_policy)
        account = self.db.once(contract.NamedAccount, apply)
        if "username" in update.columns:
            self._refresh_sessions(user_id)
        elif update.password:
            self._refresh_sessions(user_id, UserSession.id.is_distinct_from(self.caller.session))
        return account

    @rpc(USER)
    def request_verification(self, request: contract.ClientRequestVerification) -> Empty:
        """Send a code to the caller's e-mail address or phone number."""
        with self.db.write() as session:
            verification.request(session, self.caller.require_user(), request.channel, request.address)
        return Empty()

    @rpc(USER)
    def confirm_verification(self, request: contract.ConfirmVerification) -> contract.NamedAccount:
        """Record that the caller received the code."""
        user_id = self.caller.require_user()
        return verification.confirm(self.db, self._secrets, user_id, self.caller.session, request)

    @rpc
    def request_password_reset(self, request: contract.ClientRequestPasswordReset) -> Empty:
        """Send a code to an account's verified address; unknown names have the same reply."""
        with self.db.write() as session:
            by_name.request(session, request, password_reset.PURPOSE)
        return Empty()

    @rpc
    def request_login_code(self, request: contract.ClientRequestLoginCode) -> Empty:
        """Send a code for a login on a new device to an account's verified address, as for a password reset."""
        with self.db.write() as session:
            by_name.request(session, request, sign_in.PURPOSE)
        return Empty()

    @rpc
    def confirm_password_reset(self, request: contract.ConfirmPasswordReset) -> Empty:
        """Set a new password by a code; ends all sessions of the account."""
        user_id = password_reset.confirm(self.db, self.hasher, self._secrets, request)
        self._refresh_sessions(user_id)
        return Empty()

    @rpc(services("deliveries"))
    def codes(self, request: contract.Codes) -> contract.CodeList:
        """Return one-time codes, with the addresses to which they have to be sent."""
        with self.db.read() as session:
            return sending.codes(session, self._secrets[0], request, self.verification_policy)

    @rpc(services("deliveries"))
    def security_notices(self, request: contract.SecurityNotices) -> contract.SecurityNoticeList:
        """Return what happened to accounts, with the addresses of the owners who have to be notified."""
        with self.db.read() as session:
            return notices.notices(session, self._secrets[0], request, self.verification_policy)

    @rpc(USER)
    def begin_second_factor(self, request: contract.BeginSecondFactor) -> contract.SecondFactorSecret:
        """Return a new secret for an authenticator app; without effect until it is confirmed."""
        return factor.begin(self.db, self.hasher, self._limits.session, self.caller, request)

    @rpc(USER)
    def confirm_second_factor(self, request: contract.ConfirmSecondFactor) -> contract.RecoveryCodes:
        """Require a second factor at the caller's logins; return the recovery codes, once."""
        with self.db.write() as session:
            recovery_codes = factor.confirm(session, self.caller, request)
        self._refresh_sessions(self.caller.require_user())
        return recovery_codes

    @rpc(USER)
    def remove_second_factor(self, request: contract.RemoveSecondFactor) -> Empty:
        """Remove the caller's second factor."""
        factor.remove(self.db, self.hasher, self._limits.session, self.caller, request)
        self._refresh_sessions(self.caller.require_user())
        return Empty()

    @rpc(USER)
    def delete_account(self, request: contract.DeleteAccount) -> Empty:
        """Delete the caller's account; other services delete their data of this user."""
        user_id = self.caller.require_user()
        changed_at = authentication.verify_in_session(
            self.db, self.hasher, self._limits.session, user_id, request.password
        )
        with self.db.write() as session:
            token_hashes = erasure.erase(session, user_id, changed_at)
        self.session_cache.end(token_hashes)
        return Empty()

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

    @rpc(services("notifications"))
    def active_recipients(self, request: contract.ActiveRecipients) -> contract.Recipients:
        """Return a page of the users whose account was open and who had a live session at a time, or at several."""
        with self.db.read() as session:
            return recipients.page(session, request)

    @rpc(services("deliveries"))
    def contacts(self, request: contract.Contacts) -> contract.ContactList:
        """Return the current addresses of the accounts that are open."""
        with self.db.read() as session:
            return queries.contacts(session, request, self.verification_policy)

    @rpc(services("gateway", "notifications", "deliveries"))
    def opt_out(self, request: contract.OptOut) -> Empty:
        """Remove a channel from the account with a phone number, if there is one."""
        with self.db.write() as session:
            channels.opt_out(session, request)
        return Empty()

    @rpc(services("gateway"))
    def unsubscribe(self, request: contract.Unsubscribe) -> Empty:
        """Remove a channel from the account with an unsubscribe token."""
        with self.db.write() as session:
            channels.unsubscribe(session, request)
        return Empty()

    @rpc(services("gateway"))
    def restore_address(self, request: contract.RestoreAddress) -> Empty:
        """Restore an e-mail address that was changed; ends all sessions and makes the password unusable."""
        user_id = restoring.restore(self.db, self.hasher, self._secrets, request.token)
        self._refresh_sessions(user_id)
        return Empty()

    @rpc(services("gateway", "notifications"))
    def profiles(self, request: contract.Profiles) -> contract.ProfileList:
        """Return the profiles of accounts, open or closed; unknown ids are left out."""
        with self.db.read() as session:
            return queries.profiles(session, request)

    @rpc(services("gateway"))
    def export(self, request: ExportUser) -> contract.UserData:
        """Return a page of what is stored about a user, without secrets."""
        with self.db.read() as session:
            return export.page(session, request)

    @rpc(OPERATORS)
    def set_staff(self, request: contract.SetStaff) -> contract.Account:
        """Grant or revoke staff rights; live sessions have the new rights at once."""
        with self.db.write() as session:
            account = admin.set_staff(session, request)
        self._refresh_sessions(account.id)
        return account

    @rpc(OPERATORS)
    def set_active(self, request: contract.SetActive) -> contract.Account:
        """Close an account by its user name and end its sessions, or reopen it."""
        return self._set_active(store.has_username(request.username), is_active=request.is_active)

    @rpc(STAFF)
    def deactivate(self, request: contract.GetUser) -> contract.Account:
        """Close an account and end its sessions."""
        return self._set_active(User.id == request.id, is_active=False)

    @rpc(STAFF)
    def reactivate(self, request: contract.GetUser) -> contract.Account:
        """Reopen an account."""
        return self._set_active(User.id == request.id, is_active=True)

    @rpc(OPERATORS)
    def unlock(self, request: contract.Unlock) -> contract.Account:
        """Reset the failed logins at an account."""
        with self.db.write() as session:
            return admin.unlock(session, request)

    @rpc(OPERATORS)
    def reset_second_factor(self, request: contract.ResetSecondFactor) -> contract.Account:
        """Remove the second factor of an account whose owner lost it."""
        with self.db.write() as session:
            account = admin.reset_second_factor(session, request)
        self._refresh_sessions(account.id)
        return account

    @rpc(OPERATORS)
    def trust_addresses(self, request: contract.TrustAddresses) -> contract.TrustedAddresses:
        """Let the addresses of accounts that were registered before a time count as verified."""
        return trust.trust(self.db, request)

    @timer(interval=CLEANUP_INTERVAL)
    def clean(self) -> None:
        """Delete old sessions, failed logins, events, invitations, codes, sign-ins and changed addresses."""
        for module in (session_store, failed_logins_store, history, invitations, issuing, identities_store, changes):
            self.db.in_batches(module.delete_old, CLEANUP_BATCH)

    @property
    def _registration(self) -> str:
        return str(self.config["users"].get("registration", invitations.OPEN))

    @property
    def _secrets(self) -> list[str]:
        return issuing.secrets_of(keyring.from_config(self.config))

    @property
    def _limits(self) -> LoginLimits:
        return failed_logins.limits_from_config(self.config["users"]["login"])

    @property
    def _policy(self) -> SessionPolicy:
        return lifecycle.policy_from_config(self.config["users"]["session"])

    @property
    def _sign_ins(self) -> SignIns:
        relying_party = relying_party_provider.require(self.relying_party)
        return SignIns(self.db, self.hasher, relying_party, Rules(self._limits, self._policy, self._registration))

    def _set_active(self, condition: ColumnElement[bool], *, is_active: bool) -> contract.Account:
        with self.db.write() as session:
            account = admin.set_active(session, condition, is_active=is_active)
        self._refresh_sessions(account.id)
        return account

    def _identify(self, token_hashes: list[str]) -> list[contract.Identity | None]:
        """Return the identity of each session, None if it is not live; record their use and cache them."""
        live = lifecycle.identify(self.db, token_hashes, self._policy)
        self.session_cache.add(live)
        return [live.get(token_hash) for token_hash in token_hashes]

    def _cache_session(self, started: contract.Session, identity: contract.Identity, ended: list[str]) -> None:
        """Cache a session that began, and refresh those that it ended."""
        self.session_cache.add({contract.token_hash(started.token): identity})
        if ended:
            self._refresh_sessions(identity.user_id, UserSession.id.in_(ended))

    def _refresh_sessions(self, user_id: str, *conditions: ColumnElement[bool]) -> None:
        """Refresh the cached sessions of a user that meet the conditions, after a committed change."""

        def read() -> Identities:
            since = clock.now() - self.session_cache.tombstone_lifetime
            with self.db.read() as session:
                found = session_store.recent_sessions(session, user_id, since, *conditions)
                return self.session_cache.identities(found)

        self.session_cache.refresh(read)
