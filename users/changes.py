"""Changing an account: by its owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis import clock, outbox
from chassis.errors import Invalid
from chassis.sessions import Sessions
from chassis.tokens import Caller
from users import accounts, contract, passwords, replies, sessions, store
from users.hashing import Hasher
from users.models import User, UserSession


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password, hashed, and which one it replaces."""

    password_hash: str
    replaces: datetime | None  # when the current one was set; None: the current one was not given, or wrong


@dataclass(frozen=True, slots=True)
class Change:
    """What an owner wants to be changed."""

    columns: dict[str, Any]
    password: NewPassword | None


def wanted(db: Sessions, hasher: Hasher, user_id: str, request: contract.UpdateAccount) -> Change:
    """Check what can be checked outside a transaction, and hash there."""
    columns = accounts.changes(request)
    return Change(columns, _new_password(db, hasher, user_id, request, columns) if request.password else None)


def _new_password(
    db: Sessions, hasher: Hasher, user_id: str, request: contract.UpdateAccount, columns: dict[str, Any]
) -> NewPassword:
    with db.read() as session:
        user = store.get(session, User.id == user_id)
        names = columns.get("username", user.username), columns.get("email", user.email)
        current, set_at = user.password_hash, user.password_changed_at
    password = passwords.accepted(request.password or "", *names)
    if request.current_password and hasher.matches(current, request.current_password):
        return NewPassword(hasher.hash(password), set_at)
    return NewPassword("", None)


def apply(session: Session, caller: Caller, change: Change) -> contract.Account:
    """Change the account in one transaction, and say so where others care."""
    user = store.get(session, User.id == caller.user, lock=True)
    username = user.username
    for name, value in change.columns.items():
        setattr(user, name, value)
    accounts.check_channels(user.notify_by, user.phone, "notify_by" if "notify_by" in change.columns else "phone")
    if change.password:
        _set_password(user, change.password)
    store.save(session)
    if change.password:  # whoever knew the old one is out
        sessions.end(session, user.id, UserSession.id.is_distinct_from(caller.session))
    if user.username != username:
        outbox.add(session, contract.AccountChanged(id=user.id, username=user.username, changed_at=clock.now()))
    return replies.account(user)


def _set_password(user: User, password: NewPassword) -> None:
    if password.replaces != user.password_changed_at:
        raise Invalid.field("current_password", "is not the current password")
    user.password_hash = password.password_hash
    user.password_changed_at = clock.now()
