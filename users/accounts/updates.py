"""Changing an account: by its owner, or by the link in a mail to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Invalid
from users import contract, names, serializers, store
from users.credentials import authentication, failed_logins, failed_logins_store, passwords
from users.credentials.failed_logins import Rule
from users.credentials.hashing import Hasher
from users.models import User, UserSession
from users.sessions import lifecycle


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


def wanted(db: UnitOfWork, hasher: Hasher, rule: Rule, user_id: str, request: contract.UpdateAccount) -> Change:
    """Check what can be checked outside a transaction, and hash there."""
    columns = names.changes(request)
    if not request.password:
        return Change(columns, None)
    with db.read() as session:
        user = store.get(session, User.id == user_id)
        username, email = columns.get("username", user.username), columns.get("email", user.email)
    password = passwords.accepted(request.password, username, email)
    current = request.current_password
    set_at = authentication.within_session(db, hasher, rule, user_id, current) if current else None
    return Change(columns, NewPassword(hasher.hash(password) if set_at else "", set_at))


def apply(session: Session, caller: Caller, change: Change) -> contract.Account:
    """Change the account in one transaction, and say so where others care."""
    user = store.get(session, User.id == caller.user, lock=True)
    username = user.username
    for name, value in change.columns.items():
        setattr(user, name, value)
    names.check_channels(user.notify_by, user.phone, "notify_by" if "notify_by" in change.columns else "phone")
    if change.password:
        _set_password(user, change.password)
    store.save(session)
    if change.password:  # whoever knew the old one is out, and guesses at it count no more
        failed_logins_store.forgive(session, failed_logins.at_account(user.id))
        lifecycle.end(session, user.id, UserSession.id.is_distinct_from(caller.session))
    if user.username != username:
        outbox.add(session, contract.AccountChanged(id=user.id, username=user.username, changed_at=clock.now()))
    return serializers.account(user)


def unsubscribe(session: Session, request: contract.Unsubscribe) -> None:
    """Switch off a channel of whoever has this token; where it is off already, nothing changes."""
    switch_off(store.get(session, User.unsubscribe_token == request.token, lock=True), request.channel)


def switch_off(user: User, channel: contract.Channel) -> None:
    """Take a channel out of what somebody chose."""
    user.notify_by = [chosen for chosen in user.notify_by if chosen != channel]


def _set_password(user: User, password: NewPassword) -> None:
    if password.replaces != user.password_changed_at:
        raise Invalid.field("current_password", "is not the current password")
    user.password_hash = password.password_hash
    user.password_changed_at = clock.now()
