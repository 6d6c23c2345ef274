"""Tells one person something on behalf of staff or of a service."""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.client import PeerCalls
from chassis.errors import Conflict
from notifications import audience, contract, messages, store, store_erasure, views
from notifications.telling import tell
from users.contract import ActiveRecipients, Recipient, Recipients


def active_recipient(peers: PeerCalls, user_id: str) -> Recipient:
    """Return how an active user wants to be told; refuse anybody else."""
    request = ActiveRecipients(as_of=clock.now(), ids=[user_id], limit=1)
    found = peers.call("users.active_recipients", request, Recipients).items
    if not found:
        raise _not_active()
    return found[0]


def tell_one(session: Session, request: contract.SendNotification, recipient: Recipient) -> contract.Notification:
    """Store the notification with everything that follows from it, unless the recipient has left since we asked.

    One whose account was closed since then has it in the inbox, and is sent nothing: see `audience.destination`.
    """
    store.take_turns(session)  # or their inbox could be emptied now, and have this afterwards
    if store_erasure.has_left(session, recipient.id):
        raise _not_active()
    notification = store.add(session, messages.from_sender(request))
    told = audience.of_page([recipient], channels=request.channels)
    tell(session, notification, told, chosen=request.channels is not None)
    return views.notification(notification)


def _not_active() -> Conflict:
    return Conflict("The recipient is not active; nothing was sent.", "recipient_not_active")
