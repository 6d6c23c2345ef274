"""Verifies passwords: at a login, and again in a session before the account or the password changes."""

from dataclasses import dataclass
from datetime import datetime

from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Invalid
from users import contract
from users.accounts import names, store
from users.contract import errors
from users.credentials import failed_logins, failed_logins_store, login_attempts, passwords
from users.credentials.failed_logins import FailureLimit, LoginLimits
from users.credentials.hashing import Hasher
from users.credentials.login_attempts import LoginAttempt
from users.models import User


@dataclass(frozen=True, slots=True)
class VerifiedPassword:
    """The account whose password was verified, and when that password was set."""

    user_id: str
    password_changed_at: datetime
    new_hash: str | None  # with the current parameters, if the stored hash has others
    attempt: LoginAttempt


def verify_login(
    db: UnitOfWork, hasher: Hasher, limits: LoginLimits, request: contract.ClientLogin, code_subject: str | None = None
) -> VerifiedPassword:
    """Verify the password of a login, and that it has a code if the account needs one; `second_factor` verifies that.

    Raises Unauthenticated, TooManyRequests.

    Unknown names and closed accounts cause the same work as known ones, and the same error as a wrong password.
    `code_subject` is the one for which the login's one-time code was counted, if it has a right one.
    """
    hasher.require_capacity()
    key = names.login_key(request.name)
    with db.write() as session:
        row = store.credentials(session, key)
        attempt = login_attempts.count(session, limits, request, key, row, code_subject)
    password_hash = row.password_hash if row and row.is_active else None
    if not hasher.matches(password_hash, request.password) or row is None or password_hash is None:
        raise errors.bad_credentials()
    if row.has_second_factor and not request.otp:
        with db.write() as session:
            login_attempts.undo(session, attempt)
        raise errors.second_factor_required()
    outdated = hasher.is_outdated(password_hash)
    new_hash = hasher.hash(passwords.normalize(request.password)) if outdated else None
    return VerifiedPassword(row.id, row.password_changed_at, new_hash, attempt)


def verify_in_session(
    db: UnitOfWork, hasher: Hasher, limit: FailureLimit, user_id: str, password: str
) -> datetime | None:
    """Return when the user's password was set if `password` is right, otherwise None.

    Raises TooManyRequests, Unauthenticated.
    """
    hasher.require_capacity()
    subject = failed_logins.session_subject(user_id)
    with db.write() as session:
        user = store.own(session, user_id)
        password_hash, password_changed_at = user.password_hash, user.password_changed_at
        failed_logins.count_failure(session, limit, subject)
    if not hasher.matches(password_hash, password):
        return None
    with db.write() as session:
        failed_logins_store.reset(session, subject)
    return password_changed_at


def require_unchanged(user: User, password_changed_at: datetime | None, field: str) -> None:
    """Raise Invalid for a field unless the password that was verified is still the current one; None: it was wrong."""
    if password_changed_at != user.password_changed_at:
        raise Invalid.field(field, "is not the current password")
