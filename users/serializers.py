"""Converts rows to the models of the contract."""

from typing import get_args

from chassis.auth.caller import Caller
from chassis.ids import time_of
from users import contract, names
from users.contract import Channel
from users.models import AccountEvent, LinkedIdentity, User, UserSession
from users.verification_policy import VerificationPolicy


def profile(user: User) -> contract.Profile:
    """Return the public part of an account."""
    return contract.Profile(id=user.id, username=user.username, created_at=user.created_at)


def named_profile(user: User) -> contract.NamedProfile:
    """Return the public part of an account, with the time of its name."""
    return contract.NamedProfile(**dict(profile(user)), username_changed_at=user.username_changed_at)


def account(user: User) -> contract.Account:
    """Return the account as its owner and staff see it."""
    return contract.Account(
        id=user.id,
        username=user.username,
        created_at=user.created_at,
        email=user.email,
        phone=user.phone,
        notify_by=user.notify_by,
        is_active=user.is_active,
        is_staff=user.is_staff,
        second_factor=user.second_factor_since is not None,
        email_verified_at=user.email_verified_at,
        phone_verified_at=user.phone_verified_at,
    )


def named_account(user: User) -> contract.NamedAccount:
    """Return the account, with the time of its name."""
    return contract.NamedAccount(**dict(account(user)), username_changed_at=user.username_changed_at)


def account_changed(user: User) -> contract.AccountChanged:
    """Return the event about the current user name."""
    return contract.AccountChanged(id=user.id, username=user.username, changed_at=user.username_changed_at)


def visible_to(caller: Caller, user: User) -> contract.Profile:
    """Return the account if the caller is its owner, staff or an operator, otherwise the profile."""
    may_see_all = caller.user == user.id or caller.staff or caller.service == "operator"
    return account(user) if may_see_all else profile(user)


def contact(user: User, policy: VerificationPolicy) -> contract.Contact:
    """Return the addresses and channels of a user."""
    unverified: list[Channel] = [
        channel for channel in get_args(contract.CodeChannel) if not policy.accepts(user, channel)
    ]
    return contract.Contact(
        id=user.id,
        username=user.username,
        email=names.ascii_email(user.email),
        phone=user.phone,
        notify_by=user.notify_by,
        unverified=unverified,
        unsubscribe_token=user.unsubscribe_token,
    )


def identity(user: User, session: UserSession, *, staff_second_factor: bool) -> contract.Identity:
    """Return the identity of a session; `staff_second_factor`: staff have rights only with a second factor."""
    has_rights = user.second_factor_since is not None or not staff_second_factor
    return contract.Identity(
        user_id=user.id,
        username=user.username,
        session_id=session.id,
        is_staff=user.is_staff and has_rights,
        expires_at=session.expires_at,
    )


def listed_session(session: UserSession, *, current: bool) -> contract.ListedSession:
    """Return an entry of a user's list of sessions."""
    return contract.ListedSession(
        id=session.id,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        user_agent=session.user_agent,
        current=current,
    )


def account_event(event: AccountEvent) -> contract.AccountEvent:
    """Return an entry of an account's history."""
    return contract.AccountEvent(
        id=event.id,
        kind=event.kind,
        created_at=time_of(event.id),
        session_id=event.session_id,
        address=event.address,
        user_agent=event.user_agent,
    )


def linked_identity(identity: LinkedIdentity) -> contract.LinkedIdentity:
    """Return an entry of an account's list of identities."""
    return contract.LinkedIdentity(
        id=identity.id,
        issuer=identity.issuer,
        subject=identity.subject,
        created_at=identity.created_at,
        last_used_at=identity.last_used_at,
    )
