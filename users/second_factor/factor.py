"""Adds, verifies and removes the second factor of an account.

A wrong code at a login counts as a wrong password of the client. Each right code is accepted once.
"""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Invalid
from users import contract
from users.accounts import history, store
from users.contract import errors
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.failed_logins import FailureLimit
from users.credentials.hashing import Hasher
from users.models import User
from users.second_factor import codes
from users.second_factor import store as factor_store


def begin(
    db: UnitOfWork, hasher: Hasher, limit: FailureLimit, caller: Caller, request: contract.BeginSecondFactor
) -> contract.SecondFactorSecret:
    """Store a new secret, which has no effect before it is confirmed. Raises Invalid, Conflict."""
    user_id, secret = caller.require_user(), codes.new_secret()
    changed_at = authentication.verify_in_session(db, hasher, limit, user_id, request.password)

    def store_secret(session: Session) -> contract.SecondFactorSecret:
        user = store.own(session, user_id, lock=True)
        authentication.require_unchanged(user, changed_at, "password")
        if user.second_factor_since is not None:
            raise errors.second_factor_exists()
        factor_store.replace_secret(session, user_id, secret)
        return contract.SecondFactorSecret(secret=secret, uri=codes.uri(secret, user.username))

    return db.once(contract.SecondFactorSecret, store_secret)


def confirm(session: Session, caller: Caller, request: contract.ConfirmSecondFactor) -> contract.RecoveryCodes:
    """Require the second factor from now on; return the recovery codes, once. Raises Invalid, Conflict."""
    user = store.own(session, caller.require_user(), lock=True)
    factor = factor_store.get(session, user.id)
    if factor is None or user.second_factor_since is not None:
        raise errors.second_factor_not_begun()
    step = codes.matching_step(factor.secret, request.code, clock.now(), None)
    if step is None:
        raise _wrong_code()
    factor.last_step, user.second_factor_since = step, clock.now()
    recovery_codes = codes.new_recovery_codes()
    factor_store.add_recovery_codes(session, user.id, recovery_codes)
    history.record(session, user.id, "second_factor_added", session_id=caller.session)
    return contract.RecoveryCodes(recovery_codes=recovery_codes)


def remove(
    db: UnitOfWork, hasher: Hasher, limit: FailureLimit, caller: Caller, request: contract.RemoveSecondFactor
) -> None:
    """Remove the second factor. Raises Invalid, NotFound, TooManyRequests."""
    user_id = caller.require_user()
    changed_at = authentication.verify_in_session(db, hasher, limit, user_id, request.password)
    subject = failed_logins.code_subject(user_id)
    with db.write() as session:
        failed_logins.count_failure(session, limit, subject)

    def remove_once(session: Session) -> None:
        user = store.own(session, user_id, lock=True)
        authentication.require_unchanged(user, changed_at, "password")
        require_added(user)
        if not _is_right(session, user, request.code):
            raise _wrong_code()
        disable(session, user, caller.session)
        failed_logins_store.reset(session, subject)

    db.run_once(remove_once)


def require_added(user: User) -> None:
    """Raise NotFound if the user has no second factor."""
    if user.second_factor_since is None:
        raise errors.no_second_factor()


def disable(session: Session, user: User, session_id: str | None) -> None:
    """Remove the second factor of a user whose row is locked; `session_id` is the user's, None for an operator."""
    user.second_factor_since = None
    factor_store.remove(session, user.id)
    history.record(session, user.id, "second_factor_removed", session_id=session_id)


def require(session: Session, user: User, code: str | None) -> None:
    """Raise Unauthenticated unless the user has no second factor or the code is right; the row must be locked."""
    if user.second_factor_since is None:
        return
    if not code:
        raise errors.second_factor_required()
    if not _is_right(session, user, code):
        raise errors.bad_second_factor()


def _is_right(session: Session, user: User, code: str) -> bool:
    factor = factor_store.get(session, user.id)
    if factor is None:
        return False
    step = codes.matching_step(factor.secret, code, clock.now(), factor.last_step)
    if step is not None:
        factor.last_step = step
        return True
    if used := factor_store.use_recovery_code(session, user.id, code):
        history.record(session, user.id, "recovery_code_used")
    return used


def _wrong_code() -> Invalid:
    return Invalid.field("code", "is wrong, or was used before", "bad_code")
