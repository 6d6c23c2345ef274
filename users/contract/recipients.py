"""What other services ask about users: who is active, their addresses, their names."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Id, Message, Timestamp
from users.contract.accounts import NamedProfile
from users.contract.fields import Channel, Ids


class ActiveRecipients(Message):
    """Requests a page of the users who were active at a time, or at one of several times, in order of id."""

    as_of: Timestamp = Field(description="The time.")
    moments: Annotated[list[Timestamp], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Several times, instead of `as_of`. The release 0.1.0 ignores it."
    )
    ids: Ids | None = Field(default=None, description="Only these users; null: all.")
    after: Id | None = Field(default=None, description="The `next` of the page before.")
    limit: int = Field(default=1000, ge=1, le=1000, description="Maximum number of recipients.")
    page: int | None = Field(
        default=None, ge=1, le=10_000, description="The same, instead of `limit`. The release 0.1.0 ignores it."
    )


class Contacts(Message):
    """Requests the current addresses of accounts."""

    ids: Ids


class Profiles(Message):
    """Requests the profiles of accounts; unknown ids are left out."""

    ids: Ids


class Recipient(Message):
    """An active user and the channels they chose."""

    id: Id
    notify_by: list[Channel]


class Recipients(Message):
    """A page of recipients; `next` is the `after` of the next page, null on the last."""

    items: list[Recipient]
    next: Id | None = Field(description="The `after` of the next page; null on the last.")
    inactive: dict[Id, list[int]] | None = Field(
        default=None,
        description="Which users were not active at all of the `moments`: the positions of the others in that list."
        " null if the request has none, or users is of the release 0.1.0.",
    )

    def at(self, position: int) -> list[Recipient]:
        """Return those who were active at one of the `moments`."""
        if not self.inactive:
            return self.items
        return [user for user in self.items if position not in self.inactive.get(user.id, ())]


class Contact(Message):
    """The current addresses of an account that is open."""

    id: Id
    username: str
    email: str
    phone: str | None
    notify_by: list[Channel]
    unverified: list[Channel] = Field(default=[], description="Channels whose address has to be verified first.")
    unsubscribe_token: str | None = Field(
        default=None,
        repr=False,
        description="For links in mails: it allows to remove channels of this account without a login.",
    )


class ContactList(Message):
    """The requested accounts that exist and are open."""

    items: list[Contact]


class ProfileList(Message):
    """The requested accounts that exist."""

    items: list[NamedProfile]
