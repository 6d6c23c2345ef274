"""The read state of notifications."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from chassis.db import outbox
from notifications import contract
from notifications.inbox import frame_sequence, inbox_store, unread_store

MAX_IDS = 1000  # per event


def mark_read(session: Session, user_id: str, ids: Collection[str] | None) -> None:
    """Mark these notifications, or with None all, as read, and publish what changed.

    Inboxes are locked, so that the number of unread ones is right at this place in the order of commits.
    """
    inbox_store.lock(session)
    read = inbox_store.mark_read(session, user_id, ids)
    unread = unread_store.subtract(session, user_id, [row.seq for row in read]) if read else 0
    for start in range(0, len(read), MAX_IDS):
        part = [row.notification_id for row in read[start : start + MAX_IDS]]
        (seq,) = frame_sequence.next_of(session, [user_id])
        outbox.add(session, contract.NotificationsRead(user_id=user_id, ids=part, unread=unread, seq=seq))
