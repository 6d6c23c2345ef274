"""Creates everything that a notification to an audience consists of."""

from sqlalchemy.orm import Session

from chassis.db import outbox
from notifications import serializers
from notifications.contract import NotificationCreated
from notifications.delivery import delivery_store
from notifications.fanout.audience import Audience
from notifications.inbox import frame_sequence, inbox_store
from notifications.models import Notification


def dispatch(
    session: Session, notification: Notification, audience: Audience, *, channels_forced: bool = False
) -> None:
    """Create inbox rows, deliveries, and one event for the users who want real time, in the caller's transaction."""
    inbox_store.add(session, notification.id, audience.inbox)
    delivery_store.create(session, notification.id, audience.deliveries, channels_forced=channels_forced)
    if audience.realtime:
        payload = serializers.notification(notification)
        seqs = frame_sequence.next_of(session, audience.realtime)
        outbox.add(session, NotificationCreated(notification=payload, recipients=audience.realtime, seqs=seqs))
