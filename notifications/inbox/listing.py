"""Reads an inbox: pages, and one notification."""

from contextlib import suppress

from sqlalchemy.orm import Session

from chassis.auth.caller import Caller
from chassis.contract import cursor
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import TEMPORARY, NotFound
from notifications import contract, serializers
from notifications.delivery import delivery_store
from notifications.inbox import inbox_store, notification_store, unread_store

MAX_DELIVERIES = 1000


def page(db: UnitOfWork, user_id: str, request: contract.ListInbox) -> contract.InboxPage:
    """Return a page of a user's inbox, newest first, and the number of unread notifications in all of it."""
    before = cursor.decode_number(request.cursor)
    with db.read() as session:
        inbox_store.snapshot(session)
        rows = inbox_store.newest(session, user_id, request.limit + 1, before)
        counted = unread_store.count(session, user_id)
    if unread_store.is_due(counted):
        with suppress(*TEMPORARY), db.write() as session:
            unread_store.store(session, user_id)
    items = rows[: request.limit]
    return contract.InboxPage(
        items=[serializers.inbox_item(row) for row in items],
        next=cursor.encode(items[-1].seq) if len(rows) > request.limit else None,
        unread=counted.unread,
    )


def detail(session: Session, caller: Caller, notification_id: str) -> contract.NotificationDetail:
    """Return a notification with the caller's deliveries; for staff and services, with those to all users.

    Raises NotFound for users who do not have it in their inbox.
    """
    recipient = None if caller.staff else caller.user
    notification = notification_store.get(session, notification_id)
    hidden = recipient is not None and inbox_store.position(session, recipient, notification_id) is None
    if notification is None or hidden:
        raise NotFound("There is no such notification.")
    deliveries = delivery_store.for_notification(session, notification_id, recipient, MAX_DELIVERIES)
    return serializers.detail(notification, deliveries)
