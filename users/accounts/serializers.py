"""Converts accounts to the models of the contract."""

from typing import get_args

from chassis.auth.caller import Caller
from users import contract
from users.accounts import names
from users.accounts.verification_policy import VerificationPolicy
from users.contract import Channel
from users.models import User


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
