"""What other services ask about users: who is active, their addresses, their names."""

from collections.abc import Container
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
    grouped: bool = Field(
        default=False, description="Whether to return `groups` instead of `items`. The release 0.1.0 ignores it."
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


class RecipientGroup(Message):
    """Active users who chose the same channels."""

    ids: list[Id]
    notify_by: list[Channel]

    def without(self, users: Container[str]) -> "RecipientGroup":
        """Return the group without some users."""
        ids = [user for user in self.ids if user not in users]
        return RecipientGroup.model_construct(ids=ids, notify_by=self.notify_by)


class Recipients(Message):
    """A page of recipients; `next` is the `after` of the next page, null on the last."""

    items: list[Recipient] = Field(description="In order of id; empty if the request is `grouped`.")
    groups: list[RecipientGroup] | None = Field(
        default=None,
        description="The same, each with its ids in order: with thousands of users a fraction of the cost. null if the"
        " request is not `grouped`, or users is of the release 0.1.0.",
    )
    next: Id | None = Field(description="The `after` of the next page; null on the last.")
    inactive: dict[Id, list[int]] | None = Field(
        default=None,
        description="Which users were not active at all of the `moments`: the positions of the others in that list."
        " null if the request has none, or users is of the release 0.1.0.",
    )

    @property
    def count(self) -> int:
        """The number of recipients."""
        return sum(len(group.ids) for group in self.by_channels)

    @property
    def by_channels(self) -> list[RecipientGroup]:
        """All of them in groups, whatever the form of the reply."""
        if self.groups is not None:
            return self.groups
        return [RecipientGroup.model_construct(ids=[user.id], notify_by=user.notify_by) for user in self.items]

    def at(self, position: int) -> list[RecipientGroup]:
        """Return those who were active at one of the `moments`."""
        if not self.inactive:
            return self.by_channels
        inactive = {user for user, positions in self.inactive.items() if position in positions}
        return [group.without(inactive) for group in self.by_channels]


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
