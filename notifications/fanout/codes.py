"""One-time codes: each is a notification in no inbox, with an urgent delivery to one user."""

from sqlalchemy.orm import Session

from chassis import clock
from notifications import texts
from notifications.delivery import delivery_store
from notifications.inbox import notification_store
from users.contract import CodeIssued


def create(session: Session, event: CodeIssued) -> None:
    """Create the delivery of a code, once; nothing that is stored contains the digits."""
    if event.expires_at <= clock.now():
        return
    notification_id = notification_store.create_once(session, texts.for_code(event.purpose), event.id)
    if notification_id is not None:
        recipients = {notification_id: [event.user_id]}
        delivery_store.create(session, event.channel, recipients, channels_forced=True, urgent=True)
