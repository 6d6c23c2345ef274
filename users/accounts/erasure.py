"""Deleting an account: nothing personal of it stays here, and the others are told to erase theirs."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db import outbox
from chassis.errors import Invalid
from users import contract, store
from users.credentials import failed_logins, failed_logins_store
from users.models import User
from users.sessions import lifecycle


def erase(session: Session, user_id: str, proven: datetime | None) -> list[str]:
    """Delete an account in one transaction and return the hashes of its tokens, which must die after the commit.

    `proven` is when the password was set that its owner knew, None if they did not.
    """
    user = store.get(session, User.id == user_id, lock=True)
    if proven != user.password_changed_at:
        raise Invalid.field("password", "is not the current password")
    lifecycle.end(session, user_id)
    token_hashes = store.delete_sessions(session, user_id)
    failed_logins_store.forgive(session, failed_logins.at_account(user_id))
    session.delete(user)
    outbox.add(session, contract.AccountErased(id=user_id, erased_at=clock.now()))
    return token_hashes
