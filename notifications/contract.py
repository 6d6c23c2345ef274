"""What crosses the wire to and from the notifications service."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from chassis.contract import Event, Id, Message, Page, PageRequest, Text, Timestamp
from users.contract import Channel

# Stands for the time before anybody's first notification.
BEGINNING = "00000000-0000-0000-0000-000000000000"

DeliveryStatus = Literal["pending", "sending", "sent", "delivered", "failed", "unknown", "cancelled"]


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


class ById(Message):
    """Names one notification."""

    id: Id


class Inbox(PageRequest):
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
    all: bool = False

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.ids is None) == (not self.all):
            raise ValueError('expected either {"ids": [...]} or {"all": true}')
        return self


class Missed(Message):
    """Asks for what a user got after a notification (or BEGINNING), oldest first; what a websocket replays."""

    user_id: Id
    since: Id | None = None
    limit: int = Field(default=100, ge=1, le=1000)


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
    """What was missed, oldest first, and the newest that the user has.

    `resumed` is false where `since` is not known (any more): fetch the inbox.
    """

    items: list[Notification]
    more: bool
    resumed: bool
    unread: int
    newest: Id | None


class Delivery(Message):
    """One attempt series to reach one person by one channel."""

    user_id: Id
    channel: Literal["email", "sms"]
    status: Annotated[DeliveryStatus, Field(examples=["sent"])]
    attempts: Annotated[int, Field(examples=[1])]
    last_error: Annotated[str | None, Field(examples=[None])]
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
    recipients: list[Id]


class NotificationChanged(Event):
    """The words of a notification changed, because the post is another or gone; a page of those who have it.

    A hint, as above.
    """

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notification_changed"
    durable: ClassVar[bool] = False

    notification: Notification
    recipients: list[Id]


class NotificationsRead(Event):
    """Somebody has read these, and has so many unread ones left. A hint, as above."""

    source: ClassVar[str] = "notifications"
    type: ClassVar[str] = "notifications_read"
    durable: ClassVar[bool] = False

    user_id: Id
    ids: list[Id]
    unread: int
