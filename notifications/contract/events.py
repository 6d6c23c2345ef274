"""Events of the notifications service."""

from typing import ClassVar

from pydantic import Field

from chassis.contract import Event, Id, Message
from notifications.contract.inbox import Notification


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
