"""Requests, replies and events of the notifications and deliveries services."""

from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator

from chassis.contract import Event, Id, Message, Page, PageRequest, Text, Timestamp
from chassis.contract.export import ExportPage
from users.contract import E164, Channel

# A `since` before every notification.
BEGINNING = "00000000-0000-0000-0000-000000000000"

DeliveryChannel = Literal["email", "sms"]
BreakerState = Literal["closed", "open", "half-open"]
DeliveryStatus = Literal["pending", "sending", "sent", "delivered", "failed", "unknown", "cancelled"]

SEEN_FOR = 86_400  # seconds until the time of a user's last connection expires


def seen_key(user_id: str) -> str:
    """Return the Redis key of the time when a user last had an open websocket: seconds since 1970."""
    return f"seen:{user_id}"


class SendNotification(Message):
    """Notifies one active user."""

    user_id: Id
    message: Annotated[Text, Field(min_length=1, max_length=1000, examples=["The bench is closed on Friday."])]
    title: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Default: `Message`."
    )
    channels: Annotated[list[Channel], Field(min_length=1, max_length=len(get_args(Channel)))] | None = Field(
        default=None, description="The channels to use. Default: the `notify_by` of the user."
    )


class GetNotification(Message):
    """Asks for one notification."""

    id: Id


class ListInbox(PageRequest):
    """Asks for a page of the caller's inbox, newest first."""


class MarkRead(Message):
    """Marks some or all of the caller's notifications as read."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["ids"], "properties": {"ids": {"type": "array"}, "all": {"const": False}}},
                {"required": ["all"], "properties": {"ids": {"type": "null"}, "all": {"const": True}}},
            ],
            "examples": [{"all": True}],
        }
    )

    ids: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Ids that are not in the caller's inbox are ignored."
    )
    all: bool = Field(default=False, description="Marks the whole inbox, in place of `ids`.")

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        if (self.ids is None) == (not self.all):
            raise ValueError('expected either {"ids": [...]} or {"all": true}')
        return self


class ReplayRequest(Message):
    """Asks for what changed in a user's inbox after a notification (or BEGINNING), for a websocket that reconnects."""

    user_id: Id
    since: Id | None = Field(default=None, description="The newest notification that the client has; null: none.")
    limit: int = Field(default=100, ge=1, le=1000, description="The most notifications to return.")


class ReplayRequests(ReplayRequest):
    """Asks for the replay of one user, and for those of others with the same call."""

    others: list[ReplayRequest] = Field(default=[], max_length=100, description="The same for further users.")


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


class Notification(Message):
    """A notification."""

    id: Id
    kind: Annotated[str, Field(description="`post_created` or `message`; more may come.", examples=["post_created"])]
    title: Annotated[str, Field(examples=["ada posted"])]
    message: Annotated[str, Field(examples=["Karibu, the bench is open."])]
    data: Annotated[
        dict[str, Any],
        Field(
            description="Depends on the kind. `post_created`: these three texts, and `deleted`: true after the post was"
            " deleted. `message`: empty.",
            examples=[
                {
                    "post_id": "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21",
                    "author_id": "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22",
                    "author_username": "ada",
                }
            ],
        ),
    ]
    created_at: Timestamp


class InboxItem(Notification):
    """A notification in the inbox of a user."""

    read_at: Annotated[Timestamp | None, Field(description="null: unread.", examples=[None])]


class InboxPage(Page[InboxItem]):
    """A page of the inbox, and the number of unread notifications in the whole inbox."""

    unread: Annotated[int, Field(examples=[1])]


class Replay(Message):
    """What changed in an inbox after `since`, read in one database snapshot.

    `read` and `changed` also cover the minute before `since` was created: applying a state twice does no harm.
    `resumed` is false if `since` is not in the inbox (any more), or if more changed than a replay can hold; then fetch
    the inbox. `read` then covers the last minute.
    """

    items: list[Notification] = Field(description="New notifications, oldest first.")
    more: bool = Field(description="Whether there are more new notifications than `limit`.")
    resumed: bool = Field(description="Whether the replay is complete.")
    unread: int = Field(description="The number of unread notifications in the whole inbox.")
    newest: Id | None = Field(description="The newest notification in the inbox.")
    read: list[Id] = Field(default=[], description="Notifications that were read.")
    changed: list[Notification] = Field(default=[], description="Notifications whose content changed.")
    seq: int | None = Field(default=None, description="The number of the user's last frame that this replay contains.")


class Replays(Replay):
    """The replay of one user, and those of others."""

    others: list[Replay] = Field(
        default=[],
        description="In the order of the request. Those for which the reply has no room are missing at the end: request"
        " them again.",
    )


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


class NotificationCreated(Event):
    """A page of users has this notification in their inbox; one event per page, not per user.

    A hint for open websockets: the inbox row is the stored fact.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notification_created"
    durable: ClassVar[bool] = False

    notification: Notification
    recipients: list[Id] = Field(description="The users of the page who want notifications in real time.")
    seqs: list[int] = Field(default=[], description="For each of `recipients`, the number of this frame.")


class NotifiedUsers(Message):
    """A notification, and a page of users who have it in their inbox."""

    notification: Notification
    recipients: list[Id] = Field(description="The users of the page who want notifications in real time.")
    seqs: list[int] = Field(description="For each of `recipients`, the number of this frame.")


class NotificationsCreated(Event):
    """What one transaction put into inboxes, if that is more than one notification; otherwise NotificationCreated.

    A hint for open websockets.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notifications_created"
    durable: ClassVar[bool] = False

    items: list[NotifiedUsers] = Field(description="In the order of the frames.")


class NotificationChanged(Event):
    """The content of a notification changed, because its post was edited or deleted; one event per page of users.

    A hint for open websockets.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notification_changed"
    durable: ClassVar[bool] = False

    notification: Notification
    recipients: list[Id] = Field(description="A page of the users who have it in their inbox.")
    seqs: list[int] = Field(default=[], description="For each of `recipients`, the number of this frame.")


class NotificationsRead(Event):
    """A user has read notifications that were unread before. At most 1,000 ids per event.

    A hint for open websockets.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notifications_read"
    durable: ClassVar[bool] = False

    user_id: Id
    ids: list[Id] = Field(description="The notifications that became read.")
    unread: int = Field(description="The number of unread notifications that remain in the inbox.")
    seq: int | None = Field(default=None, description="The number of this frame of the user.")
