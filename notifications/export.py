"""What this service stores about a user, for the export of the user's data."""

from typing import Any

from sqlalchemy import and_, join, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.contract.export import ExportUser
from chassis.db import export
from chassis.db.export import Section
from notifications import contract
from notifications.models import Delivery, DeliveryReceipt, InboxRow, Notification

_DELIVERY: dict[str, InstrumentedAttribute[Any]] = {
    "notification_id": Delivery.notification_id,
    "channel": Delivery.channel,
    "channels_forced": Delivery.channels_forced,
    "status": Delivery.status,
    "attempts": Delivery.attempts,
    "due_at": Delivery.due_at,
    "urgent": Delivery.urgent,
    "last_error": Delivery.last_error,
    "provider_id": Delivery.provider_id,
    "updated_at": Delivery.updated_at,
    "receipt_status": DeliveryReceipt.status,
    "receipt_reason": DeliveryReceipt.reason,
    "receipt_at": DeliveryReceipt.created_at,
}
_HAS_RECEIPT = DeliveryReceipt.provider_id == Delivery.provider_id
_IN_INBOX = and_(Delivery.notification_id == InboxRow.notification_id, Delivery.user_id == InboxRow.user_id)

SECTIONS = (
    Section(
        "notifications",
        contract.ExportedNotification,
        {
            "id": InboxRow.notification_id,
            "kind": Notification.kind,
            "title": Notification.title,
            "message": Notification.message,
            "data": Notification.data,
            "created_at": Notification.created_at,
            "changed_at": Notification.changed_at,
            "read_at": InboxRow.read_at,
        },
        InboxRow.user_id,
        (InboxRow.seq,),
        source=join(InboxRow, Notification, Notification.id == InboxRow.notification_id),
    ),
    Section(  # an index leads from the inbox row to its deliveries; none has all deliveries of a user
        "deliveries",
        contract.ExportedDelivery,
        _DELIVERY,
        InboxRow.user_id,
        (InboxRow.seq, Delivery.channel),
        source=join(InboxRow, Delivery, _IN_INBOX).outerjoin(DeliveryReceipt, _HAS_RECEIPT),
    ),
    Section(
        "account_deliveries",
        contract.ExportedAccountDelivery,
        _DELIVERY
        | {
            "title": Notification.title,
            "message": Notification.message,
            "created_at": Notification.created_at,
        },
        Delivery.user_id,
        (Delivery.id,),
        source=join(Delivery, Notification, Notification.id == Delivery.notification_id).outerjoin(
            DeliveryReceipt, _HAS_RECEIPT
        ),
        condition=text("deliveries.urgent"),  # as the index has it: SQLAlchemy's form for SQLite does not match
    ),
)

# What is not exported, by table or column, and why.
LEFT_OUT = export.LEFT_OUT | {
    "inbox.seq": "the order of the inbox, which is that of the file",
    "inbox.read_after": "the same as `read_at`, as a number for the order",
    "notifications.id": "exported from `inbox`",
    "notifications.author_id": "exported in `data`; notifications about the user's own posts are copies of them, in the"
    " inboxes of others",
    "notifications.source": "the post's id is exported in `data`",
    "notifications.reached": "progress of the fan-out to all users",
    "notifications.done": "progress of the fan-out to all users",
    "notifications.as_of": "progress of the fan-out to all users",
    "notifications.changed_after": "the same as `changed_at`, as a number for the order",
    "deliveries.id": "a number for the order",
    "delivery_reports.provider_id": "exported from `deliveries`",
    "post_news": "copies of posts, which feeds exports",
    "frame_sequences": "a counter of websocket frames",
    "unread_counts": "counted from `inbox`",
    "sms_counts": "numbers of SMS a day, by digests of phone numbers; `deliveries` has each of them",
    "erased": "ids of deleted accounts only",
}


def page(session: Session, request: ExportUser) -> contract.NotificationData:
    """Return a page of what is stored about a user."""
    return contract.NotificationData(**export.page(session, SECTIONS, request))
