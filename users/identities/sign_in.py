"""Begins and finishes sign-ins at the identity provider.

A sign-in is one row, found by the hash of its `state`, from `begin` until `finish` has started a session. `finish`
claims it before it exchanges the code, so of concurrent calls one does. The claims of the provider are stored in the
row, because a code can be exchanged once: a call that failed later, because it lacks the second factor or the database
was down, may be repeated with the same `state` and `code`.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict, Invalid, Unavailable
from users import contract, metrics
from users.accounts import history
from users.accounts import store as accounts_store
from users.contract import errors
from users.credentials import devices_store, login_attempts
from users.credentials.client import Client, Recognition
from users.credentials.failed_logins import LoginLimits
from users.credentials.hashing import Hasher
from users.credentials.login_attempts import LoginAttempt
from users.identities import accounts, store
from users.identities.accounts import ProvenIdentity
from users.identities.claims import Claims
from users.models import ProviderSignIn, User
from users.second_factor import factor
from users.sessions import lifecycle
from users.sessions.lifecycle import SessionPolicy, StartedSession

if TYPE_CHECKING:
    from users.identities.relying_party import RelyingParty

LIFETIME = timedelta(minutes=10)
_TRIES = 3  # of a sign-in that conflicts with a concurrent one
_RACED = {accounts.RACED, "username_taken", "email_taken"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that a sign-in obeys; `registration` says who may open accounts."""

    limits: LoginLimits
    sessions: SessionPolicy
    registration: str


@dataclass(frozen=True, slots=True)
class _Account:
    """What has to be known of an account before the transaction that starts its session."""

    username_key: str
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class SignIns:
    """The sign-ins of one worker at the provider of `relying_party`."""

    db: UnitOfWork
    hasher: Hasher
    relying_party: "RelyingParty"
    rules: Rules

    def begin(self, caller: Caller, request: contract.BeginProviderSignIn) -> contract.ProviderSignIn:
        """Store a sign-in and return the provider's page. Raises Unauthenticated, Unavailable."""
        user_id = caller.require_user() if request.link else None
        begun, expires_at = self.relying_party.begin(), clock.now() + LIFETIME
        row = ProviderSignIn(
            state_hash=contract.token_hash(begun.state),
            nonce=begun.nonce,
            verifier=begun.verifier,
            user_id=user_id,
            expires_at=expires_at,
        )
        reply = contract.ProviderSignIn(url=begun.url, state=begun.state, expires_at=expires_at)

        def store_row(session: Session) -> contract.ProviderSignIn:
            session.add(row)
            return reply

        first = self.db.once(contract.ProviderSignIn, store_row)
        metrics.PROVIDER_SIGN_INS.labels("begun").inc()
        return first

    def finish(self, caller: Caller, request: contract.ClientFinishProviderSignIn) -> StartedSession:
        """Start a session of the account of the user's identity; open the account if there is none."""
        proven = self._prove(caller, request)
        for _ in range(_TRIES):
            with self.db.read() as session:
                user = accounts.find(session, proven, lock=False)
                account = None if user is None else _Account(user.username_key, user.second_factor_since is not None)
            attempt = self._count_code(request, account)
            password_hash = self.hasher.unusable() if account is None else None
            try:
                start = partial(
                    self._start, request=request, proven=proven, attempt=attempt, password_hash=password_hash
                )
                started = self.db.once(StartedSession, start)
            except Conflict as error:
                if error.code not in _RACED:
                    raise
            else:
                metrics.PROVIDER_SIGN_INS.labels("finished").inc()
                return started
        raise Unavailable("Too many sign-ins of this identity at a time.")

    def _prove(self, caller: Caller, request: contract.ClientFinishProviderSignIn) -> ProvenIdentity:
        """Return the identity for which the provider gave the code. Raises Invalid, Forbidden, Unavailable."""
        state_hash = contract.token_hash(request.state)
        with self.db.write() as session:
            row = _claim(session, state_hash, caller, request.code)
            nonce, verifier, link_to, known = row.nonce, row.verifier, row.user_id, row.claims
        if known is not None:
            return ProvenIdentity(self.relying_party.issuer, Claims(**known), link_to)
        try:
            claims = self.relying_party.finish(request.code, nonce, verifier)
        except Unavailable:
            with self.db.write() as session:
                store.release(session, state_hash)
            raise
        except Invalid:
            metrics.PROVIDER_SIGN_INS.labels("rejected").inc()
            with self.db.write() as session:
                store.delete_sign_in(session, state_hash)
            raise
        with self.db.write() as session:
            store.set_claims(session, state_hash, asdict(claims))
        return ProvenIdentity(self.relying_party.issuer, claims, link_to)

    def _count_code(
        self, request: contract.ClientFinishProviderSignIn, account: _Account | None
    ) -> LoginAttempt | None:
        """Count a code of the second factor as wrong before it is compared, as at a login. Raises TooManyRequests."""
        if account is None or not account.has_second_factor or not request.otp:
            return None
        with self.db.write() as session:
            row = accounts_store.credentials(session, account.username_key)
            return login_attempts.count(session, self.rules.limits, request, account.username_key, row)

    def _start(
        self,
        session: Session,
        request: contract.ClientFinishProviderSignIn,
        proven: ProvenIdentity,
        attempt: LoginAttempt | None,
        password_hash: str | None,
    ) -> StartedSession:
        """Use up the sign-in, and start the session, in one transaction."""
        state_hash = contract.token_hash(request.state)
        if store.find_sign_in(session, state_hash) is None:
            raise errors.bad_state()
        user = accounts.find(session, proven, lock=True)
        opens = user is None
        if user is None:
            if password_hash is None:
                raise accounts.raced()  # the account was deleted a moment ago
            user = accounts.open_new(session, proven, password_hash, self.rules.registration)
        _verify_code(session, user, request.otp, attempt)
        is_new = accounts.link(session, user, proven)
        store.delete_sign_in(session, state_hash)
        recognition = _recognise(session, user, request)
        started = lifecycle.open_for(session, user, request, self.rules.sessions, recognition)
        if is_new:
            history.record(
                session, user.id, "identity_linked", session_id=started.identity.session_id, notify=not opens
            )
        return started


def _claim(session: Session, state_hash: str, caller: Caller, code: str) -> ProviderSignIn:
    """Return a sign-in that this call may finish: the first one, or a repetition after the code was exchanged."""
    row, code_hash = store.find_sign_in(session, state_hash), contract.token_hash(code)
    if row is None:
        raise errors.bad_state()
    if row.user_id is not None and row.user_id != caller.user:
        raise errors.not_your_sign_in()
    if row.code_hash is None:
        row.code_hash = code_hash
    elif row.code_hash != code_hash or row.claims is None:
        raise errors.bad_state()
    return row


def _verify_code(session: Session, user: User, otp: str | None, attempt: LoginAttempt | None) -> None:
    """Raise Unauthenticated if the account needs a code and it is missing or wrong; only counted ones are compared."""
    if user.second_factor_since is None:
        return
    if attempt is None:
        raise errors.second_factor_required()
    factor.require(session, user, otp)
    login_attempts.succeeded(session, attempt)


def _recognise(session: Session, user: User, client: Client) -> Recognition:
    address, device = (login_attempts.digest(user.id, text or "") for text in (client.address, client.device_token))
    return devices_store.recognise(session, user.id, address, device, user.password_changed_at)
