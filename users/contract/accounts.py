"""Messages about accounts."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from chassis.contract import Id, Message, Page, PageRequest, Text, Timestamp
from users.contract.fields import (
    E164,
    Address,
    Channel,
    Channels,
    Email,
    Name,
    NewPassword,
    NotifyBy,
    Number,
    Password,
    Phone,
    Username,
)


def _required(field: str) -> dict[str, Any]:
    """Return the JSON Schema of an object with a text in this field that is not empty."""
    return {"required": [field], "properties": {field: {"type": "string", "minLength": 1}}}


class NamesAccount(Message):
    """Selects an account by user name or by e-mail address."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_required("username"), _required("email")]})

    username: Annotated[Text, Field(max_length=254)] | None = Field(
        default=None, description="The user name; the e-mail address is accepted too.", examples=["ada"]
    )
    email: Annotated[Text, Field(max_length=254)] | None = Field(default=None, description="Instead of the user name.")

    @model_validator(mode="after")
    def _require_name(self) -> Self:
        if not (self.username or self.email):
            raise ValueError("username or email is required")
        return self

    @property
    def name(self) -> str:
        """The user name or e-mail address of the request."""
        return self.username or self.email or ""


class Register(Message):
    """Opens an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["notify_by"], "properties": {"notify_by": {"contains": {"const": "sms"}}}},
            "then": {"required": ["phone"], "properties": {"phone": {"type": "string"}}},
        }
    )

    username: Username
    email: Email
    password: NewPassword = Field(repr=False)
    phone: Phone | None = None
    notify_by: NotifyBy = Field(default=["realtime", "email"])
    invitation: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None, repr=False, description="The token of an invitation, where registration needs one."
    )


class Invite(Message):
    """Creates an invitation, with which one account can be opened."""

    email: Email | None = Field(default=None, description="Only an account with this address.")


class Invitation(Message):
    """A new invitation. Only this reply contains its token."""

    invitation: Annotated[str, Field(repr=False, examples=["0rOq1pY5cV3nX9sKQ2mHf7tEwJ8uZa4dLbG6iTyRk_M"])]
    expires_at: Timestamp


class UpdateAccount(Message):
    """Changes the given fields. A null phone removes it; a new password requires the current one."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"password": ["current_password"]},
            "examples": [{"phone": "+254711000001", "notify_by": ["sms"]}],
        }
    )

    username: Username | SkipJsonSchema[None] = None
    email: Email | SkipJsonSchema[None] = None
    phone: Phone | None = Field(default=None, description="null removes it.")
    notify_by: NotifyBy | SkipJsonSchema[None] = None
    password: NewPassword | SkipJsonSchema[None] = Field(
        default=None, repr=False, description="Requires `current_password`; ends the other sessions."
    )
    current_password: Password | None = Field(default=None, repr=False, description="The current password.")


class DeleteAccount(Message):
    """Deletes the caller's account permanently."""

    password: Password = Field(repr=False)


class GetUser(Message):
    """Selects an account."""

    id: Id


class ListUsers(PageRequest):
    """Requests a page of profiles, newest first."""


class Unsubscribe(Message):
    """Removes a channel from an account by the token in the links of its mails; requires no login."""

    token: Id = Field(repr=False, description="The account's token, from the link.")
    channel: Channel = Field(default="email", description="The channel to remove.", examples=["email"])


class RestoreAddress(Message):
    """Restores an e-mail address that was changed, by the token in the link of the mail to it; requires no login."""

    token: Annotated[Text, Field(min_length=1, max_length=200)] = Field(
        repr=False, description="The token from the link.", examples=["01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21.9f86d081"]
    )


class OptOut(Message):
    """Removes a channel from the account with a phone number, after an opt-out at the SMS provider."""

    phone: E164 = Field(repr=False)
    channel: Channel = Field(default="sms", description="The channel to remove.")


class Profile(Message):
    """The public part of an account."""

    id: Id
    username: Name
    created_at: Timestamp


VerifiedAt = Annotated[
    Timestamp | None, Field(description="When the address was verified by a code; null: it was not.", examples=[None])
]


class Account(Profile):
    """An account, for its owner and staff."""

    email: Address
    phone: Number | None
    notify_by: Channels
    is_active: Annotated[bool, Field(examples=[True])]
    is_staff: Annotated[bool, Field(examples=[False])]
    second_factor: Annotated[bool, Field(description="Whether logins need a code.", examples=[False])] = False
    email_verified_at: VerifiedAt = None
    phone_verified_at: VerifiedAt = None


NameTime = Annotated[Timestamp | None, Field(description="When the user name was set; orders the names of an account.")]


class NamedProfile(Profile):
    """A profile with the time of its name; for services."""

    username_changed_at: NameTime = None


class NamedAccount(Account):
    """An account with the time of its name; for services."""

    username_changed_at: NameTime = None


class UserDetail(Profile):
    """A profile; for its owner and staff the whole account."""

    email: Address | None = None
    phone: Number | None = None
    notify_by: Channels | None = None
    is_active: bool | None = None
    is_staff: bool | None = None
    second_factor: bool | None = None
    email_verified_at: VerifiedAt = None
    phone_verified_at: VerifiedAt = None


class ProfilePage(Page[Profile]):
    """A page of profiles."""
