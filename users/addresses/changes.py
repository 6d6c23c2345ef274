"""Replaced e-mail addresses: their owners can restore them for RESTORABLE, and nobody else can take them meanwhile."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import delete_batch
from users.contract import errors
from users.models import EmailChange, name_key

RESTORABLE = timedelta(hours=72)


def keep(session: Session, change_id: str, user_id: str, email: str) -> None:
    """Store the verified address that a user replaced; `change_id` is the event in the account's history."""
    key = name_key(email)
    session.add(EmailChange(id=change_id, user_id=user_id, email=email, email_key=key, changed_at=clock.now()))


def require_free(session: Session, email_key: str, user_id: str | None) -> None:
    """Raise Conflict if the owner of another account than this user's may restore an address; None: of any account.

    To store the address, call it after the user's row was written: a concurrent change of the other account has
    committed then.
    """
    reserved = select(EmailChange.id).where(EmailChange.email_key == email_key, _restorable())
    if user_id is not None:
        reserved = reserved.where(EmailChange.user_id != user_id)
    if session.scalar(reserved.limit(1)) is not None:
        raise errors.taken("email")


def find(session: Session, change_id: str) -> EmailChange | None:
    """Return a change that can be undone."""
    return session.scalar(select(EmailChange).where(EmailChange.id == change_id, _restorable()))


def of_users(session: Session, user_ids: Iterable[str]) -> list[EmailChange]:
    """Return the changes of users that can be undone, oldest first."""
    query = select(EmailChange).where(EmailChange.user_id.in_(set(user_ids)), _restorable())
    return list(session.scalars(query.order_by(EmailChange.id)))


def delete_from(session: Session, change: EmailChange) -> None:
    """Delete a change and all later ones of its user."""
    session.execute(delete(EmailChange).where(EmailChange.user_id == change.user_id, EmailChange.id >= change.id))


def delete_old(session: Session, limit: int) -> int:
    """Delete changes that cannot be undone any more; return how many."""
    return delete_batch(session, EmailChange, limit, EmailChange.changed_at <= clock.now() - RESTORABLE)


def _restorable() -> ColumnElement[bool]:
    return EmailChange.changed_at > clock.now() - RESTORABLE
