"""The inbox: its pages, what is read, what was missed, and what became of a notification."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import cursor
from chassis.db import outbox
from chassis.errors import NotFound
from chassis.ids import first_id, time_of
from notifications import contract, serializers
from notifications.inbox import inbox_store, state_store

DELIVERIES_SHOWN = 1000
READ_AT_ONCE = 1000  # ids an event
STATES = 1000  # that a replay tells at most of either kind; where more changed, the inbox is fetched
MARGIN = timedelta(seconds=60)
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Since:
    """Where a replay starts: a place in the inbox, and how old what lies there is."""

    place: int
    created_at: datetime


def page(session: Session, user_id: str, request: contract.ListInbox) -> contract.InboxPage:
    """Return a page of somebody's inbox, newest first, and how much of all of it is unread."""
    inbox_store.one_moment(session)
    rows = inbox_store.newest(session, user_id, request.limit + 1, cursor.decode_number(request.cursor))
    shown = rows[: request.limit]
    return contract.InboxPage(
        items=[serializers.inbox_item(place, notification) for place, notification in shown],
        next=cursor.encode(shown[-1][0].seq) if len(rows) > request.limit else None,
        unread=inbox_store.unread(session, user_id),
    )


def mark_read(session: Session, user_id: str, ids: Collection[str] | None) -> None:
    """Mark these notifications, or all, as read, and tell the user's sockets what that changed.

    In turns with those who tell people, so that the count is right at its place in the order of commits.
    """
    inbox_store.take_turns(session)
    read = state_store.mark_read(session, user_id, ids)
    unread = inbox_store.unread(session, user_id) if read else 0
    for start in range(0, len(read), READ_AT_ONCE):
        some = read[start : start + READ_AT_ONCE]
        outbox.add(session, contract.NotificationsRead(user_id=user_id, ids=some, unread=unread))


def missed(session: Session, request: contract.ReplayRequest, overlap: timedelta) -> contract.Replay:
    """Return what came after `since`, and what became of the rest; nothing came where that is not in the inbox.

    What changed is found by its time. Times are taken before the commit and by several clocks, hence the margin.
    Several processes that tell people may overtake each other on the way to the sockets, so what came before `since`
    may have been missed too: an `overlap` is told again.
    """
    inbox_store.one_moment(session)
    user, since = request.user_id, _since(session, request)
    moment = (since.created_at if since else clock.now()) - MARGIN
    read = state_store.read_since(session, user, moment, STATES + 1)
    changed = state_store.changed_since(session, user, since.place, moment, STATES + 1) if since else []
    if len(read) > STATES or len(changed) > STATES:
        since, changed = None, []
    found = inbox_store.missed(session, user, since.place, _from(request, overlap), request.limit + 1) if since else []
    return contract.Replay(
        items=[serializers.notification(one) for one in found[: request.limit]],
        more=len(found) > request.limit,
        resumed=since is not None,
        unread=inbox_store.unread(session, user),
        newest=inbox_store.newest_id(session, user),
        read=read[:STATES],
        changed=[serializers.notification(one) for one in changed],
    )


def _from(request: contract.ReplayRequest, overlap: timedelta) -> str | None:
    """Return the first id that is told again; None where nothing is."""
    if not overlap or request.since in {None, contract.BEGINNING}:
        return None
    return first_id(time_of(request.since) - overlap)


def _since(session: Session, request: contract.ReplayRequest) -> _Since | None:
    """Return where a replay starts; None where that is not in the inbox."""
    if request.since is None:
        return None
    if request.since == contract.BEGINNING:
        return _Since(0, LONG_AGO)
    place = inbox_store.position(session, request.user_id, request.since)
    notification = inbox_store.get(session, request.since)
    return None if place is None or notification is None else _Since(place, notification.created_at)


def detail(session: Session, caller: Caller, notification_id: str) -> contract.NotificationDetail:
    """Return a notification with the caller's own deliveries, or with everybody's for staff and services."""
    recipient = None if caller.staff else caller.user
    notification = inbox_store.get(session, notification_id)
    hidden = recipient is not None and inbox_store.position(session, recipient, notification_id) is None
    if notification is None or hidden:
        raise NotFound("There is no such notification.")
    deliveries = inbox_store.deliveries(session, notification_id, recipient, DELIVERIES_SHOWN)
    return serializers.detail(notification, deliveries)
