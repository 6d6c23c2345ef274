"""What the export has of notifications and deliveries."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Id, Message, Timestamp
from chassis.contract.export import ExportPage
from notifications.contract.deliveries import DeliveryStatus
from notifications.contract.inbox import InboxItem


class ExportedNotification(InboxItem):
    """A notification in the user's inbox."""

    changed_at: Timestamp | None = Field(description="When its post was edited or deleted; null: it was not.")


class ExportedDelivery(Message):
    """A delivery to the user, and the report of its provider."""

    notification_id: Id
    channel: Annotated[str, Field(examples=["email"])]
    channels_forced: bool = Field(description="Whether the sender chose the channels, not the user.")
    status: Annotated[DeliveryStatus, Field(examples=["sent"])]
    attempts: int
    due_at: Timestamp | None = Field(description="The time of the next attempt; null: finished.")
    urgent: bool = Field(description="Whether it is sent ahead of others.")
    last_error: str | None
    provider_id: str | None = Field(description="The provider's id of the SMS.")
    updated_at: Timestamp
    receipt_status: str | None = Field(description="The status that the provider reported.")
    receipt_reason: str | None
    receipt_at: Timestamp | None


class ExportedAccountDelivery(ExportedDelivery):
    """The delivery of a one-time code or a security notice, which is in no inbox.

    The code itself and the details of the notice are not stored with it.
    """

    title: Annotated[str, Field(examples=["Your code"])]
    message: Annotated[str, Field(examples=["Your code confirms this e-mail address."])]
    created_at: Timestamp


class NotificationData(ExportPage):
    """A page of what notifications stores about a user."""

    notifications: list[ExportedNotification] = Field(default=[])
    deliveries: list[ExportedDelivery] = Field(default=[])
    account_deliveries: list[ExportedAccountDelivery] = Field(default=[])
