"""What it means to tell people: inbox rows, deliveries, and one event for those who want it in real time."""

from sqlalchemy.orm import Session

from chassis import outbox
from notifications import store, store_deliveries, views
from notifications.audience import Audience
from notifications.contract import NotificationCreated
from notifications.models import Notification


def tell(session: Session, notification: Notification, told: Audience, *, chosen: bool = False) -> None:
    """Store all of it in one transaction; `chosen` says that the sender, not they, chose the channels."""
    store.add_to_inbox(session, notification.id, told.inbox)
    store_deliveries.add(session, notification.id, told.deliveries, chosen=chosen)
    if told.realtime:
        shown = views.notification(notification)
        outbox.add(session, NotificationCreated(notification=shown, recipients=told.realtime))
