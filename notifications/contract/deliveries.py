"""Messages about deliveries by e-mail and SMS."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chassis.contract import Id, Message, Text, Timestamp
from notifications.contract.inbox import Notification
from users.contract import E164

DeliveryChannel = Literal["email", "sms"]
BreakerState = Literal["closed", "open", "half-open"]
DeliveryStatus = Literal["pending", "sending", "sent", "delivered", "failed", "unknown", "cancelled"]


class ReportDelivery(Message):
    """Reports the status of an SMS after it was sent. `status` and `reason` are the provider's own terms.

    `phone` is used for opt-outs and not stored.
    """

    provider_id: Annotated[Text, Field(min_length=1, max_length=100)] = Field(
        description="The id that the provider gave the SMS."
    )
    status: Annotated[Text, Field(min_length=1, max_length=40)] = Field(description="Such as `Success`.")
    reason: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None, description="Such as `UserInBlackList`."
    )
    phone: E164 | None = Field(default=None, repr=False, description="The number of the recipient.")


class RetryDeliveries(Message):
    """Selects finished deliveries that are attempted again; for operators.

    Selects the deliveries of a notification (`id`), optionally of one user or channel; or those of a channel that ended
    with a status since a time. Without `status`, failed and cancelled deliveries. Unknown ones may have arrived, so
    they need `status`.
    """

    id: Id | None = Field(default=None, description="Of this notification.")
    channel: DeliveryChannel | None = Field(default=None, description="Of this channel.")
    status: Literal["failed", "cancelled", "unknown"] | None = Field(
        default=None, description="With this status; null: failed and cancelled."
    )
    since: Timestamp | None = Field(default=None, description="Which ended at or after this time.")
    user_id: Id | None = Field(default=None, description="To this user.")

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        if self.id is None and None in (self.channel, self.status, self.since):
            raise ValueError("expected the id of a notification, or channel, status and since")
        return self


class ParkDeliveries(Message):
    """Selects pending deliveries that are cancelled: of a notification (`id`), or of a channel; for operators."""

    id: Id | None = Field(default=None, description="Of this notification.")
    channel: DeliveryChannel | None = Field(default=None, description="Of this channel.")
    user_id: Id | None = Field(default=None, description="To this user.")

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        if self.id is None and self.channel is None:
            raise ValueError("expected the id of a notification, or a channel")
        return self


class MovedDeliveries(Message):
    """The number of deliveries that were changed."""

    deliveries: int


class ChannelStatus(Message):
    """The state of a channel."""

    channel: DeliveryChannel
    breaker: BreakerState = Field(description="The circuit breaker in the process that answers.")
    deliveries: dict[DeliveryStatus, int] = Field(description="The number of deliveries by status.")
    oldest_due: Timestamp | None = Field(description="When the oldest pending delivery is due; null: none is pending.")


class DeliveriesStatus(Message):
    """The state of all channels."""

    items: list[ChannelStatus]


class Delivery(Message):
    """The delivery of a notification to one user by one channel."""

    user_id: Id
    channel: DeliveryChannel
    status: Annotated[DeliveryStatus, Field(examples=["sent"])]
    attempts: Annotated[int, Field(examples=[1])]
    last_error: Annotated[str | None, Field(examples=[None])]
    due_at: Timestamp | None = Field(default=None, description="The time of the next attempt; null: finished.")
    updated_at: Timestamp


class NotificationDetail(Notification):
    """A notification with the caller's deliveries; for staff, with the first 1,000 of all users."""

    deliveries: list[Delivery]
