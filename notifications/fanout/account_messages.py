"""Messages whose text and address users gives: each is a notification in no inbox, with an urgent delivery to one user.

What is stored contains no digits of a code and no details of a security notice.
"""

from sqlalchemy.orm import Session

from chassis import clock
from notifications import texts
from notifications.cleanup import erasure_store
from notifications.delivery import delivery_store
from notifications.inbox import inbox_store, notification_store
from notifications.texts import Content
from users.contract import Channel, CodeIssued, SecurityNotice


def create_code(session: Session, event: CodeIssued) -> None:
    """Create the delivery of a code, once."""
    if event.expires_at > clock.now():
        _create(session, texts.for_code(event.purpose), event.id, event.user_id, event.channel)


def create_notice(session: Session, event: SecurityNotice) -> None:
    """Create the delivery of a security notice, once."""
    _create(session, texts.security_notice(event.kind), event.id, event.user_id, "email")


def _create(session: Session, content: Content, source: str, user_id: str, channel: Channel) -> None:
    """Create the delivery, unless it exists or the account was deleted."""
    inbox_store.lock(session)  # against a concurrent erasure of this account
    if erasure_store.is_erased(session, user_id):
        return
    notification_id = notification_store.create_once(session, content, source)
    if notification_id is not None:
        delivery_store.create(session, channel, {notification_id: [user_id]}, channels_forced=True, urgent=True)
