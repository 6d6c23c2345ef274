"""Lets the addresses of existing accounts count as verified, where an operator trusts them."""

import time

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from chassis.db.unit_of_work import UnitOfWork
from users import contract
from users.accounts import store
from users.codes import store as codes_store
from users.codes import verification
from users.models import User

BATCH = 1000  # accounts in a transaction
MOST_SECONDS = 5  # after which a call replies; the next one goes on


def trust(db: UnitOfWork, request: contract.TrustAddresses) -> contract.TrustedAddresses:
    """Verify the addresses of accounts that were registered before a time, batch by batch. Idempotent."""
    conditions, deadline, accounts, last = _unverified(request), time.monotonic() + MOST_SECONDS, 0, ""
    while True:
        with db.write() as session:
            batch = _trust_batch(session, conditions, last)
        if not batch:
            return contract.TrustedAddresses(accounts=accounts, left=0)
        accounts, last = accounts + len(batch), batch[-1]
        if time.monotonic() > deadline:
            break
    with db.read() as session:
        left = session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    return contract.TrustedAddresses(accounts=accounts, left=left)


def _trust_batch(session: Session, conditions: list[ColumnElement[bool]], after: str) -> list[str]:
    """Verify the addresses of the next accounts; return their ids. Their codes are not needed any more."""
    users = store.locked_after(session, after, BATCH, *conditions)
    for user in users:
        for channel in verification.PURPOSES:
            if user.address(channel) is not None and user.verified_at(channel) is None:
                verification.verify(session, user, channel)
    codes_store.delete_unneeded(session, [user.id for user in users], [*verification.PURPOSES.values()])
    return [user.id for user in users]


def _unverified(request: contract.TrustAddresses) -> list[ColumnElement[bool]]:
    """Return the conditions that an account has to meet."""
    phone_unverified = and_(User.phone.is_not(None), User.phone_verified_at.is_(None))
    conditions = [User.created_at < request.registered_before, or_(User.email_verified_at.is_(None), phone_unverified)]
    return conditions if request.username is None else [*conditions, store.has_username(request.username)]
