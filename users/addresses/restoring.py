"""Restores an e-mail address that was changed, and takes from the account what whoever changed it may have added."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import first_id
from users import contract
from users.accounts import history, store
from users.addresses import changes, tokens
from users.codes import store as codes_store
from users.contract import errors
from users.credentials import failed_logins_store
from users.credentials.hashing import Hasher
from users.models import AccountEvent, EmailChange, LinkedIdentity, ProviderSignIn, User
from users.second_factor import factor
from users.second_factor import store as factor_store
from users.sessions import lifecycle

# A phone number that was set, and an identity that was linked, so long before the change are removed, too.
BEFORE = timedelta(hours=72)


def restore(db: UnitOfWork, hasher: Hasher, secrets: Sequence[str], token: str) -> contract.GetUser:
    """Restore the address of a link's token as verified; return the user's id. Raises NotFound. Idempotent with a key.

    Ends all sessions, makes the password unusable, and removes a second factor that was added since the change, and
    identities and a phone number that may be the thief's. Links of later changes become useless.
    """
    change_id = tokens.change_of(secrets, token)
    if change_id is None:
        raise errors.restore_link_invalid()
    unusable_hash = hasher.unusable()
    return db.once(contract.GetUser, partial(_restore, change_id=change_id, unusable_hash=unusable_hash))


def _restore(session: Session, change_id: str, unusable_hash: str) -> contract.GetUser:
    found = changes.find(session, change_id)
    if found is None:
        raise errors.restore_link_invalid()
    user = store.get(session, User.id == found.user_id, lock=True)
    change = changes.find(session, change_id)  # again: a concurrent request may have restored an address
    if change is None:
        raise errors.restore_link_invalid()
    user.email, user.email_verified_at = change.email, clock.now()
    user.password_hash = unusable_hash
    user.password_changed_at = user.password_unset_at = clock.now()
    store.save(session)
    _remove_phone(session, user, change)
    _remove_second_factor(session, user, change)
    _remove_identities(session, user, change)
    codes_store.delete_account(session, user.id)
    failed_logins_store.reset_account(session, user.id)
    history.record(session, user.id, "email_restored")
    lifecycle.end(session, user.id)
    changes.delete_from(session, change)
    return contract.GetUser(id=user.id)


def _remove_phone(session: Session, user: User, change: EmailChange) -> None:
    """Remove a phone number that is new: codes to it would set a password."""
    query = select(AccountEvent.id).where(AccountEvent.user_id == user.id, AccountEvent.kind == "phone_changed")
    since = first_id(change.changed_at - BEFORE)
    if user.phone is None or session.scalar(query.where(AccountEvent.id >= since).limit(1)) is None:
        return
    user.phone = user.phone_verified_at = None
    user.notify_by = [channel for channel in user.notify_by if channel != "sms"]
    history.record(session, user.id, "phone_changed")


def _remove_second_factor(session: Session, user: User, change: EmailChange) -> None:
    if user.second_factor_since is None:
        factor_store.remove(session, user.id)  # one that was not confirmed
    elif user.second_factor_since >= change.changed_at:
        factor.disable(session, user, None)


def _remove_identities(session: Session, user: User, change: EmailChange) -> None:
    """Remove identities that are new, or are being linked: a thief with a session needs no password to link one."""
    since = LinkedIdentity.created_at >= change.changed_at - BEFORE
    session.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user.id, since))
    session.execute(delete(ProviderSignIn).where(ProviderSignIn.user_id == user.id))
