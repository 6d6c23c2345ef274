"""What it means to tell people: inbox rows, deliveries, and one event for those who want it in real time."""

from sqlalchemy.orm import Session

from chassis.db import outbox
from notifications import serializers
from notifications.contract import NotificationCreated
from notifications.delivery import delivery_store
from notifications.fanout.audience import Audience
from notifications.inbox import inbox_store
from notifications.models import Notification


def tell(session: Session, notification: Notification, told: Audience, *, chosen: bool = False) -> None:
    """Store all of it in one transaction; `chosen` says that the sender, not they, chose the channels."""
    inbox_store.add_to_inbox(session, notification.id, told.inbox)
    delivery_store.add(session, notification.id, told.deliveries, chosen=chosen)
    if told.realtime:
        shown = serializers.notification(notification)
        outbox.add(session, NotificationCreated(notification=shown, recipients=told.realtime))
