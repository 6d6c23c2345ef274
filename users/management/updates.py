"""Updates accounts on behalf of their owners."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Invalid
from users import contract
from users.accounts import history, names, serializers, store
from users.accounts.verification_policy import VerificationPolicy
from users.addresses import changes
from users.credentials import authentication, failed_logins_store, passwords
from users.credentials.failed_logins import FailureLimit
from users.credentials.hashing import Hasher
from users.management import channels
from users.models import User, UserSession
from users.sessions import lifecycle

# The events of an account's history, by the column that changed. The address is last: notices about the other changes
# go to the old one.
_RECORDED: dict[str, contract.AccountEventKind] = {
    "username": "username_changed",
    "phone": "phone_changed",
    "email": "email_changed",
}


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The hash of a new password, and when the current password was set; None: it is missing or wrong."""

    new_hash: str
    current_changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """A validated update: new values by column, and a new password."""

    columns: dict[str, Any]
    password: PasswordChange | None = None


def prepare(
    db: UnitOfWork, hasher: Hasher, limit: FailureLimit, user_id: str, request: contract.UpdateAccount
) -> AccountUpdate:
    """Validate the request. Hashes, so it must run outside a transaction."""
    columns = changed_columns(request)
    if not request.password:
        return AccountUpdate(columns)
    with db.read() as session:
        user = store.own(session, user_id)
        username, email = columns.get("username", user.username), columns.get("email", user.email)
    password = passwords.validate(request.password, username, email)
    current = request.current_password
    changed_at = authentication.verify_in_session(db, hasher, limit, user_id, current) if current else None
    return AccountUpdate(columns, PasswordChange(hasher.hash(password) if changed_at else "", changed_at))


def apply(session: Session, caller: Caller, update: AccountUpdate, policy: VerificationPolicy) -> contract.NamedAccount:
    """Update the caller's account in one transaction. A new password ends the other sessions. Raises Conflict."""
    user = store.own(session, caller.require_user(), lock=True)
    changed = {name for name, value in update.columns.items() if getattr(user, name) != value}
    old_email = user.email if "email" in changed and policy.accepts(user, "email") else None
    _set_columns(user, update.columns, changed)
    channels.validate(user.notify_by, user.phone, "notify_by" if "notify_by" in update.columns else "phone")
    if update.password:
        _set_password(user, update.password)
    store.save(session)
    if update.password:
        history.record(session, user.id, "password_changed", session_id=caller.session)
        failed_logins_store.reset_account(session, user.id)
        lifecycle.end(session, user.id, UserSession.id.is_distinct_from(caller.session))
    _record(session, caller, user, changed, old_email)
    return serializers.named_account(user)


def _set_columns(user: User, columns: dict[str, Any], changed: set[str]) -> None:
    if "username" in changed:
        user.rename(columns["username"])
    for name, value in columns.items():
        setattr(user, name, value)
    if "email" in changed:
        user.email_verified_at = None
    if "phone" in changed:
        user.phone_verified_at = None


def _record(session: Session, caller: Caller, user: User, changed: set[str], old_email: str | None) -> None:
    """Record changes that were written; `old_email` is a verified address that was replaced. Raises Conflict."""
    recorded = {
        name: history.record(session, user.id, kind, session_id=caller.session)
        for name, kind in _RECORDED.items()
        if name in changed
    }
    if "email" in changed:
        changes.require_free(session, user.email_key, user.id)
    if old_email is not None:
        changes.keep(session, recorded["email"], user.id, old_email)
    if "username" in changed:
        outbox.add(session, serializers.account_changed(user))


def changed_columns(request: contract.UpdateAccount) -> dict[str, Any]:
    """Return the new values of columns, normalized; only `phone` may be null. Raises Invalid."""
    columns = {name: getattr(request, name) for name in request.model_fields_set - {"current_password"}}
    for name, value in columns.items():
        if value is None and name != "phone":
            raise Invalid.field(name, "must not be null")
    if "email" in columns:
        columns["email"] = names.normalize_email(columns["email"])
    if columns.get("phone") is not None:
        columns["phone"] = names.normalize_phone(columns["phone"])
    columns.pop("password", None)
    return columns


def _set_password(user: User, password: PasswordChange) -> None:
    authentication.require_unchanged(user, password.current_changed_at, "current_password")
    user.password_hash = password.new_hash
    user.password_changed_at = clock.now()
