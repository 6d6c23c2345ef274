"""Deletes accounts with all personal data of this service; other services do the same on AccountErased."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.contract import Message
from chassis.db import outbox
from users import contract
from users.accounts import store
from users.codes import store as codes_store
from users.credentials import authentication, failed_logins_store
from users.sessions import lifecycle
from users.sessions import store as session_store


class Erased(Message):
    """The hashes of the tokens of an account that was deleted; its sessions are ended after the commit."""

    token_hashes: list[str]


def erase(session: Session, user_id: str, password_changed_at: datetime | None) -> Erased:
    """Delete an account in one transaction.

    `password_changed_at` is when the verified password was set, None if it was wrong. Raises Invalid.
    """
    user = store.own(session, user_id, lock=True)
    authentication.require_unchanged(user, password_changed_at, "password")
    lifecycle.end(session, user_id)
    token_hashes = session_store.delete_all(session, user_id)
    codes_store.delete_account(session, user_id)
    failed_logins_store.reset_account(session, user_id)
    session.delete(user)
    outbox.add(session, contract.AccountErased(id=user_id, erased_at=clock.now()))
    return Erased(token_hashes=token_hashes)
