"""Reads accounts: profiles for other users, contacts for deliveries."""

from sqlalchemy.orm import Session

from chassis.auth.caller import Caller
from chassis.contract import cursor
from users import contract
from users.accounts import serializers, store
from users.accounts.verification_policy import VerificationPolicy
from users.models import User


def detail(session: Session, caller: Caller, request: contract.GetUser) -> contract.Profile:
    """Return a profile, or the account if the caller may see it. Raises NotFound."""
    return serializers.visible_to(caller, store.get(session, User.id == request.id))


def page(session: Session, request: contract.ListUsers) -> contract.ProfilePage:
    """Return a page of the profiles of open accounts, newest first."""
    users = store.newest(session, request.limit + 1, cursor.decode_id(request.cursor))
    return cursor.page(contract.ProfilePage, [serializers.profile(user) for user in users], request.limit)


def profiles(session: Session, request: contract.Profiles) -> contract.ProfileList:
    """Return the profiles of the accounts that exist, open or closed."""
    users = store.by_ids(session, request.ids)
    return contract.ProfileList(items=[serializers.named_profile(user) for user in users])


def contacts(session: Session, request: contract.Contacts, policy: VerificationPolicy) -> contract.ContactList:
    """Return the addresses of the accounts that are open."""
    users = store.by_ids(session, request.ids, User.is_active.is_(True))
    items = [serializers.contact(user, policy) for user in users]
    return contract.ContactList(items=items)
