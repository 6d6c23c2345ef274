"""SQL of the erasure of accounts."""

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from chassis.db.sql import insert_new
from notifications.inbox import frame_sequence, inbox_store, unread_store
from notifications.models import Delivery, ErasedAccount, InboxRow, Notification

_ERASED = select(ErasedAccount.user_id).where(ErasedAccount.user_id.in_(bindparam("ids", expanding=True)))
_ERASED_BETWEEN = select(ErasedAccount.user_id).where(
    ErasedAccount.user_id.between(bindparam("first"), bindparam("last"))
)
_CORE = {"synchronize_session": False}


def mark_erased(session: Session, user_id: str) -> None:
    """Store that an account was deleted; from the commit on, posts of this user notify no one."""
    inbox_store.lock(session)
    insert_new(session, ErasedAccount, {"user_id": user_id})


def is_erased(session: Session, user_id: str) -> bool:
    """Return whether an account was deleted."""
    return user_id in erased(session, [user_id])


def erased(session: Session, user_ids: Collection[str]) -> set[str]:
    """Return which of these accounts were deleted."""
    return set(session.connection().scalars(_ERASED, {"ids": list(user_ids)}))


def erased_between(session: Session, first: str, last: str) -> set[str]:
    """Return which accounts with an id from `first` to `last` were deleted."""
    return set(session.connection().scalars(_ERASED_BETWEEN, {"first": first, "last": last}))


def delete_urgent_deliveries(session: Session, user_id: str) -> None:
    """Delete the deliveries of a user that have no inbox row: those of codes and security notices."""
    session.execute(delete(Delivery).where(Delivery.user_id == user_id, Delivery.urgent), execution_options=_CORE)


def delete_inbox_rows(session: Session, user_id: str, limit: int) -> bool:
    """Delete a batch of a user's inbox with its deliveries; return whether there may be more.

    The last batch deletes the frame sequence, too. Every other delivery has an inbox row, and an index leads from the
    row to the delivery.
    """
    inbox_store.lock(session)
    query = select(InboxRow.seq, InboxRow.notification_id).where(InboxRow.user_id == user_id)
    # Locked in the same order as in retention, against deadlocks.
    rows = session.execute(query.order_by(InboxRow.seq).limit(limit).with_for_update()).all()
    notifications = [row.notification_id for row in rows]
    for statement in (
        delete(Delivery).where(Delivery.user_id == user_id, Delivery.notification_id.in_(notifications)),
        delete(InboxRow).where(InboxRow.seq.in_([row.seq for row in rows])),
    ):
        session.execute(statement, execution_options=_CORE)
    unread_store.remove(session, user_id)
    if len(rows) < limit:
        frame_sequence.remove(session, user_id)
    return len(rows) == limit


def lock_by_author(session: Session, author_id: str, limit: int) -> list[Notification]:
    """Return notifications about a user's posts that still name the user, locked until the commit."""
    query = select(Notification).where(Notification.author_id == author_id).limit(limit)
    return list(session.scalars(query.with_for_update()))


def remove_author(session: Session, post_ids: Collection[str]) -> None:
    """Remove the author from the notifications about posts."""
    change = update(Notification).where(Notification.source.in_(post_ids)).values(author_id=None)
    session.execute(change, execution_options=_CORE)
