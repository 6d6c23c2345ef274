"""Tells one person something on behalf of staff or of a service."""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Conflict
from chassis.rpc.client import RpcClient
from notifications import contract, serializers, wording
from notifications.cleanup import erasure_store
from notifications.fanout import audience
from notifications.fanout.dispatch import tell
from notifications.inbox import inbox_store
from users.contract import ActiveRecipients, Recipient, Recipients


def active_recipient(rpc_client: RpcClient, user_id: str) -> Recipient:
    """Return how an active user wants to be told; refuse anybody else."""
    request = ActiveRecipients(as_of=clock.now(), ids=[user_id], limit=1)
    found = rpc_client.call("users.active_recipients", request, Recipients).items
    if not found:
        raise _not_active()
    return found[0]


def tell_one(session: Session, request: contract.SendNotification, recipient: Recipient) -> contract.Notification:
    """Store the notification with everything that follows from it, unless the recipient has left since we asked.

    One whose account was closed since then has it in the inbox, and is sent nothing: see `delivery/destination.py`.
    """
    inbox_store.take_turns(session)  # or their inbox could be emptied now, and have this afterwards
    if erasure_store.has_left(session, recipient.id):
        raise _not_active()
    notification = inbox_store.add(session, wording.from_sender(request))
    told = audience.of_page([recipient], channels=request.channels)
    tell(session, notification, told, chosen=request.channels is not None)
    return serializers.notification(notification)


def _not_active() -> Conflict:
    return Conflict("The recipient is not active; nothing was sent.", "recipient_not_active")
