"""Reading the inbox: pages, what was missed, and what became of a notification."""

from sqlalchemy.orm import Session

from chassis import cursor
from chassis.errors import NotFound
from chassis.tokens import Caller
from notifications import contract, store, store_deliveries, views

DELIVERIES_SHOWN = 1000


def page(session: Session, user_id: str, request: contract.Inbox) -> contract.InboxPage:
    """Return a page of somebody's inbox, newest first, and how much of all of it is unread."""
    rows = store.newest(session, user_id, request.limit + 1, cursor.decode_number(request.cursor))
    shown = rows[: request.limit]
    return contract.InboxPage(
        items=[views.inbox_item(place, notification) for place, notification in shown],
        next=cursor.encode(shown[-1][0].seq) if len(rows) > request.limit else None,
        unread=store.unread(session, user_id),
    )


def missed(session: Session, request: contract.Missed) -> contract.Replay:
    """Return what came after `since`; nothing where that is not in the inbox."""
    user = request.user_id
    place = _place(session, user, request.since)
    found = [] if place is None else store.missed(session, user, place, request.limit + 1)
    return contract.Replay(
        items=[views.notification(one) for one in found[: request.limit]],
        more=len(found) > request.limit,
        resumed=place is not None,
        unread=store.unread(session, user),
        newest=store.newest_id(session, user),
    )


def _place(session: Session, user_id: str, since: str | None) -> int | None:
    """Return the place in the inbox after which a replay starts; None where `since` is not in it."""
    if since is None:
        return None
    return 0 if since == contract.BEGINNING else store.position(session, user_id, since)


def detail(session: Session, caller: Caller, notification_id: str) -> contract.NotificationDetail:
    """Return a notification with the caller's own deliveries, or with everybody's for staff and services."""
    recipient = None if caller.staff else caller.user
    notification = store.get(session, notification_id)
    hidden = recipient is not None and store.position(session, recipient, notification_id) is None
    if notification is None or hidden:
        raise NotFound("There is no such notification.")
    deliveries = store_deliveries.of_notification(session, notification_id, recipient, DELIVERIES_SHOWN)
    return views.detail(notification, deliveries)
