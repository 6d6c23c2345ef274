"""Opening an account."""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db import outbox
from chassis.ids import new_id
from users import contract, names, serializers, store
from users.credentials import passwords
from users.credentials.hashing import Hasher
from users.models import User


def new_user(request: contract.Register, hasher: Hasher) -> User:
    """Check what was asked for and make an account of it; hashing takes long, so this is done before a transaction."""
    email = names.email(request.email)
    phone = None if request.phone is None else names.phone(request.phone)
    names.check_channels(request.notify_by, phone)
    password = passwords.accepted(request.password, request.username, email)
    moment = clock.now()
    return User(
        id=new_id(),
        username=request.username,
        email=email,
        phone=phone,
        notify_by=request.notify_by,
        password_hash=hasher.hash(password),
        password_changed_at=moment,
        is_active=True,
        is_staff=False,
        created_at=moment,
    )


def open_account(session: Session, user: User) -> contract.Account:
    """Store the account and tell the world, in one transaction."""
    session.add(user)
    store.save(session)
    outbox.add(session, contract.AccountChanged(id=user.id, username=user.username, changed_at=user.created_at))
    return serializers.account(user)
