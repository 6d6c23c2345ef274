"""Notifications to one user, from staff or a service."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.rpc.client import RpcClient
from notifications import contract, serializers, texts
from notifications.cleanup import erasure_store
from notifications.contract import errors
from notifications.fanout import audience
from notifications.fanout.dispatch import dispatch
from notifications.inbox import inbox_store, notification_store
from users.contract import ActiveRecipients, RecipientGroup, Recipients


def active_recipient(rpc_client: RpcClient, user_id: str, as_of: datetime) -> RecipientGroup:
    """Return the channels of a user who is active at a time of users' clock. Raises Conflict for other users."""
    request = ActiveRecipients(as_of=as_of, ids=[user_id], limit=1, grouped=True)
    recipients = rpc_client.call("users.active_recipients", request, Recipients).by_channels
    if not recipients:
        raise errors.recipient_not_active()
    return recipients[0]


def notify(session: Session, request: contract.SendNotification, recipient: RecipientGroup) -> contract.Notification:
    """Create the notification of one user. Raises Conflict if the account was deleted since `active_recipient`.

    If the account was closed since, the notification is in the inbox, and deliveries are cancelled when they are due.
    """
    inbox_store.lock(session)  # against a concurrent erasure of this inbox
    if erasure_store.is_erased(session, request.user_id):
        raise errors.recipient_not_active()
    notification = notification_store.create(session, texts.for_request(request))
    selected = audience.select([recipient], channels=request.channels)
    dispatch(session, [(notification, selected)], channels_forced=request.channels is not None)
    return serializers.notification(notification)
