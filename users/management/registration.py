"""Opens accounts."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import new_id
from users import contract
from users.accounts import history, names, serializers, store
from users.accounts.verification_policy import VerificationPolicy
from users.addresses import changes
from users.codes import verification
from users.contract import Channel
from users.credentials import passwords
from users.credentials.hashing import Hasher
from users.management import channels, invitations
from users.models import User


def open_account(
    db: UnitOfWork, hasher: Hasher, request: contract.Register, allowed: str, policy: VerificationPolicy
) -> contract.NamedAccount:
    """Validate the request, store the account and send its first code. Idempotent with a key.

    `allowed` is `users.registration`: see `invitations`. Raises Invalid, Forbidden or Conflict.
    """
    invitations.require_allowed(allowed, request.invitation)
    user = new_user(request, hasher.hash)
    store_account = partial(_store_account, user=user, request=request, allowed=allowed, policy=policy)
    return db.once(contract.NamedAccount, store_account)


def _store_account(
    session: Session, user: User, request: contract.Register, allowed: str, policy: VerificationPolicy
) -> contract.NamedAccount:
    invitations.use(session, allowed, request.invitation, user.email)
    account = register(session, user)
    if policy.required:
        verification.welcome(session, user)
    return account


def new_user(request: contract.Register, hash_password: Callable[[str], str]) -> User:
    """Validate the request and return the account, not stored yet. Hashes, so it must run outside a transaction."""
    email = names.normalize_email(request.email)
    phone = None if request.phone is None else names.normalize_phone(request.phone)
    channels.validate(request.notify_by, phone)
    password = passwords.validate(request.password, request.username, email)
    return build(request.username, email, hash_password(password), phone=phone, notify_by=request.notify_by)


def build(
    username: str,
    email: str,
    password_hash: str,
    *,
    phone: str | None = None,
    notify_by: Sequence[Channel] | None = None,
) -> User:
    """Return an account of validated fields, not stored yet."""
    now = clock.now()
    return User(
        id=new_id(),
        username=username,
        email=email,
        phone=phone,
        notify_by=["realtime", "email"] if notify_by is None else list(notify_by),
        password_hash=password_hash,
        password_changed_at=now,
        is_active=True,
        is_staff=False,
        created_at=now,
        username_changed_at=now,
    )


def register(session: Session, user: User) -> contract.NamedAccount:
    """Store the account and publish AccountChanged. Raises Conflict."""
    session.add(user)
    store.save(session)
    changes.require_free(session, user.email_key, user.id)
    history.record(session, user.id, "registered")
    outbox.add(session, serializers.account_changed(user))
    return serializers.named_account(user)
