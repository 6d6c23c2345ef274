"""Finds or opens the account to which an identity signs in.

An address links an identity to an account only if the provider and this service have both verified it. An account
whose address is not verified may have been opened by another user than the owner of the address, who would keep access
to it, so the identity is not linked to it (docs/security.md).
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from chassis.errors import Conflict, Invalid
from users.accounts import names
from users.accounts import store as accounts_store
from users.addresses import changes
from users.contract import errors
from users.identities import store, usernames
from users.identities.claims import Claims
from users.management import invitations, registration
from users.models import User, name_key

RACED = "identity_raced"  # code of a Conflict with a concurrent sign-in; the caller tries again


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """An identity whose owner signs in; `link_to` is the account to which it is to be linked, None: by its address."""

    issuer: str
    claims: Claims
    link_to: str | None


def find(session: Session, proven: ProvenIdentity, *, lock: bool) -> User | None:
    """Return the account, or None if one has to be opened. Raises Unauthenticated, Forbidden, Conflict."""
    user = _find(session, proven, lock=lock)
    if user is not None and not user.is_active:
        raise errors.bad_credentials()  # as a login to a closed account
    return user


def link(session: Session, user: User, proven: ProvenIdentity) -> bool:
    """Link the identity to the account, unless it is; return whether it is new."""
    issuer, subject = proven.issuer, proven.claims.subject
    identity = store.find(session, issuer, subject)
    if identity is not None and identity.user_id == user.id:
        store.record_use(session, issuer, subject)
        return False
    if identity is not None or not store.add(session, user.id, issuer, subject):
        raise raced()
    return True


def open_new(session: Session, proven: ProvenIdentity, password_hash: str, allowed: str) -> User:
    """Open an account without a password, if `allowed`, the value of `users.registration`, permits it."""
    invitations.require_allowed(allowed, None)
    email = _email(proven.claims)
    username = usernames.base(proven.claims.username, email)
    while accounts_store.find(session, accounts_store.has_username(username)):
        username = usernames.another(username)
    user = registration.build(username, email, password_hash)
    user.password_unset_at = user.password_changed_at
    user.email_verified_at = user.created_at
    registration.register(session, user)
    return user


def raced() -> Conflict:
    """Return the error for a conflict with a concurrent sign-in."""
    return Conflict("The identity was changed at the same time; try again.", RACED)


def _find(session: Session, proven: ProvenIdentity, *, lock: bool) -> User | None:
    identity = store.find(session, proven.issuer, proven.claims.subject)
    if proven.link_to is not None:
        if identity is not None and identity.user_id != proven.link_to:
            raise errors.identity_taken()
        return accounts_store.own(session, proven.link_to, lock=lock)
    if identity is not None:
        return accounts_store.find(session, User.id == identity.user_id, lock=lock)
    email_key = name_key(_email(proven.claims))
    user = accounts_store.find(session, User.email_key == email_key, lock=lock)
    if user is None:
        changes.require_free(session, email_key, None)
    elif user.is_active and user.email_verified_at is None:
        raise errors.email_not_verified()
    return user


def _email(claims: Claims) -> str:
    """Return the verified address, normalized. Raises Forbidden."""
    if claims.email is None:
        raise errors.identity_without_email()
    try:
        return names.normalize_email(claims.email)
    except Invalid as error:
        raise errors.email_not_usable() from error
