"""What crosses the wire to and from the notifications service."""

from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator

from chassis.contract import Event, Id, Message, Page, PageRequest, Text, Timestamp
from users.contract import E164, Channel

# Stands for the time before anybody's first notification.
BEGINNING = "00000000-0000-0000-0000-000000000000"

DeliveryChannel = Literal["email", "sms"]
DELIVERY_CHANNELS: tuple[DeliveryChannel, ...] = get_args(DeliveryChannel)
BreakerState = Literal["closed", "open", "half-open"]
DeliveryStatus = Literal["pending", "sending", "sent", "delivered", "failed", "unknown", "cancelled"]

SEEN_FOR = 86_400  # seconds for which it is known when somebody was last connected


def seen_key(user_id: str) -> str:
    """Return the Redis key of the moment when somebody was last seen with an open websocket: seconds since 1970."""
    return f"seen:{user_id}"


class SendNotification(Message):
    """Tells one active user something; without `channels`, the way the user chose."""

    user_id: Id
    message: Annotated[Text, Field(min_length=1, max_length=1000, examples=["The bench is closed on Friday."])]
    title: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="`Message` without it."
    )
    channels: Annotated[list[Channel], Field(min_length=1, max_length=3)] | None = Field(
        default=None, description="Ways to tell it; without it those that the user chose."
    )


class GetNotification(Message):
    """Names one notification."""

    id: Id


class ListInbox(PageRequest):
    """Asks for a page of the caller's notifications, newest first."""


class MarkRead(Message):
    """Marks the caller's notifications as read: some, or all."""

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
        default=None, description="Those that are not in the caller's inbox are ignored."
    )
    all: bool = Field(default=False, description="In place of `ids`: everything in the inbox.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.ids is None) == (not self.all):
            raise ValueError('expected either {"ids": [...]} or {"all": true}')
        return self


class ReplayRequest(Message):
    """Asks for what a user got after a notification (or BEGINNING), oldest first; what a websocket replays."""

    user_id: Id
    since: Id | None = Field(default=None, description="The newest notification that is known; null: none is.")
    limit: int = Field(default=100, ge=1, le=1000, description="How many at most.")


class ReportDelivery(Message):
    """Tells what became of an SMS later, in the words of its provider; `phone` is used and not kept."""

    provider_id: Annotated[Text, Field(min_length=1, max_length=100)] = Field(description="What it calls the SMS.")
    status: Annotated[Text, Field(min_length=1, max_length=40)] = Field(description="In its words.")
    reason: Annotated[Text, Field(max_length=200)] | None = Field(default=None, description="In its words.")
    phone: E164 | None = Field(default=None, repr=False, description="Whose owner may have opted out.")


class RetryDeliveries(Message):
    """Chooses finished deliveries that are to be attempted anew; for operators.

    Those of a notification (`id`), perhaps only a user's or a channel's; or all of a channel with a status, since a
    moment. Without `status` the failed and the cancelled ones: what is unknown may have arrived, and must be asked for.
    """

    id: Id | None = Field(default=None, description="Of this notification.")
    channel: DeliveryChannel | None = Field(default=None, description="Of this channel.")
    status: Literal["failed", "cancelled", "unknown"] | None = Field(
        default=None, description="With this status; null: those that failed and those that were cancelled."
    )
    since: Timestamp | None = Field(default=None, description="Those that ended since then.")
    user_id: Id | None = Field(default=None, description="Of this person.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.id is None and None in (self.channel, self.status, self.since):
            raise ValueError("expected the id of a notification, or channel, status and since")
        return self


class ParkDeliveries(Message):
    """Chooses pending deliveries that are to be put aside: of a notification (`id`), or of a channel; for operators."""

    id: Id | None = Field(default=None, description="Of this notification.")
    channel: DeliveryChannel | None = Field(default=None, description="Of this channel.")
    user_id: Id | None = Field(default=None, description="Of this person.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.id is None and self.channel is None:
            raise ValueError("expected the id of a notification, or a channel")
        return self


class MovedDeliveries(Message):
    """How many deliveries were changed."""

    deliveries: int


class ChannelStatus(Message):
    """How a channel is doing: its deliveries by status, since when the oldest is due, and the breaker."""

    channel: DeliveryChannel
    breaker: BreakerState = Field(description="Of the process that answers.")
    deliveries: dict[DeliveryStatus, int] = Field(description="How many, by status.")
    oldest_due: Timestamp | None = Field(description="Since when it has been due; null: nothing is.")


class DeliveriesStatus(Message):
    """How all channels are doing, as the process sees it that was asked."""

    items: list[ChannelStatus]


class Notification(Message):
    """What somebody is told."""

    id: Id
    kind: Annotated[str, Field(description="`post_created` or `message`; more may come.", examples=["post_created"])]
    title: Annotated[str, Field(examples=["ada posted"])]
    message: Annotated[str, Field(examples=["Karibu, the bench is open."])]
    data: Annotated[
        dict[str, Any],
        Field(
            description="What the kind adds: for `post_created` these three texts, and `deleted`: true once the post is"
            " gone; for `message` nothing.",
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
    """A notification in somebody's inbox."""

    read_at: Annotated[Timestamp | None, Field(description="null: not read yet.", examples=[None])]


class InboxPage(Page[InboxItem]):
    """A page of the inbox and the number of unread notifications in all of it."""

    unread: Annotated[int, Field(examples=[1])]


class Replay(Message):
    """What was missed, all of it of one moment: what came, oldest first, and the newest that the user has.

    `read` and `changed` say what became of what was there, and `read` of what came too. They go back a minute before
    `since` was made: a state told twice harms nobody. `resumed` is false where `since` is not known (any more), or more
    became of the inbox than a replay tells: fetch it. `read` then has those of the last minute.
    """

    items: list[Notification] = Field(description="What came, oldest first.")
    more: bool = Field(description="Whether more came than was asked for.")
    resumed: bool = Field(description="Whether this is complete.")
    unread: int = Field(description="In all of the inbox.")
    newest: Id | None = Field(description="The newest that the user has.")
    read: list[Id] = Field(default=[], description="What was read.")
    changed: list[Notification] = Field(default=[], description="What has other words now.")


class Delivery(Message):
    """One attempt series to reach one person by one channel."""

    user_id: Id
    channel: DeliveryChannel
    status: Annotated[DeliveryStatus, Field(examples=["sent"])]
    attempts: Annotated[int, Field(examples=[1])]
    last_error: Annotated[str | None, Field(examples=[None])]
    due_at: Timestamp | None = Field(default=None, description="When it is looked at next; null: it is finished.")
    updated_at: Timestamp


class NotificationDetail(Notification):
    """A notification with its deliveries: the caller's own, or for staff the first 1,000 of all."""

    deliveries: list[Delivery]


class NotificationCreated(Event):
    """A page of people has this in their inbox now; `recipients` are those of them who want it in real time.

    One event a page, not one a person. A hint: the inbox row is the truth.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notification_created"
    durable: ClassVar[bool] = False

    notification: Notification
    recipients: list[Id] = Field(description="Those of the page who want it in real time.")


class NotificationChanged(Event):
    """The words of a notification changed, because the post is another or gone; a page of those who have it.

    A hint, as above.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notification_changed"
    durable: ClassVar[bool] = False

    notification: Notification
    recipients: list[Id] = Field(description="A page of those who have it.")


class NotificationsRead(Event):
    """Somebody has read these, which were unread, and has so many unread ones left. A hint, as above.

    At most 1,000 ids; whoever reads more at once makes several events.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notifications_read"
    durable: ClassVar[bool] = False

    user_id: Id
    ids: list[Id] = Field(description="What is read now and was not before.")
    unread: int = Field(description="In all of the inbox.")
