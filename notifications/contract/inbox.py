"""Messages about inboxes and their notifications."""

from typing import Annotated, Any, Self, get_args

from pydantic import ConfigDict, Field, model_validator

from chassis.contract import Id, Message, Page, PageRequest, Text, Timestamp
from users.contract import Channel


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
