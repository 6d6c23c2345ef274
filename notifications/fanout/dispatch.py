"""Creates everything that notifications to their audiences consist of."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis.db import outbox
from notifications import serializers
from notifications.contract import NotificationCreated, NotificationsCreated, NotifiedUsers
from notifications.delivery import delivery_store
from notifications.fanout.audience import Audience
from notifications.inbox import frame_sequence, inbox_store
from notifications.models import Notification
from users.contract import Channel

Dispatched = Sequence[tuple[Notification, Audience]]


def dispatch(session: Session, notifications: Dispatched, *, channels_forced: bool = False) -> None:
    """Create inbox rows, deliveries, and one event for the users who want real time, in the caller's transaction."""
    deliveries: dict[Channel, dict[str, list[str]]] = defaultdict(dict)
    for notification, audience in notifications:
        for channel, users in audience.deliveries.items():
            if users:
                deliveries[channel][notification.id] = users
    inbox_store.add(session, {notification.id: audience.inbox for notification, audience in notifications})
    for channel, recipients in deliveries.items():
        delivery_store.create(session, channel, recipients, channels_forced=channels_forced)
    _publish(session, [dispatched for dispatched in notifications if dispatched[1].realtime])


def _publish(session: Session, notifications: Dispatched) -> None:
    """Add the event to the outbox. A user's frames have the order of the notifications."""
    if not notifications:
        return
    seqs = iter(frame_sequence.next_of(session, [user for _, audience in notifications for user in audience.realtime]))
    items = [
        NotifiedUsers.model_construct(
            notification=serializers.notification(notification),
            recipients=audience.realtime,
            seqs=[next(seqs) for _ in audience.realtime],
        )
        for notification, audience in notifications
    ]
    if len(items) == 1:
        outbox.add(session, NotificationCreated.model_construct(**dict(items[0])))
    else:
        outbox.add(session, NotificationsCreated.model_construct(items=items))
