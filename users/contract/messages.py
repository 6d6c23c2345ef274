"""Messages to users whose text and address users gives when they are sent."""

from pydantic import Field

from chassis.contract import Id, Message, Timestamp
from users.contract.fields import CodeChannel, CodePurpose, Ids
from users.contract.history import SecurityNoticeKind


class AccountMessage(Message):
    """A message to a user, and where it goes."""

    id: Id
    user_id: Id
    username: str
    channel: CodeChannel
    address: str = Field(repr=False)


class Codes(Message):
    """Requests one-time codes, to send them; those that are not valid any more are left out."""

    ids: Ids


class IssuedCode(AccountMessage):
    """A one-time code and where it goes."""

    purpose: CodePurpose
    code: str = Field(repr=False)


class CodeList(Message):
    """The requested codes that are valid, whose account is open, and whose address may receive them."""

    items: list[IssuedCode]


class SecurityNotices(Message):
    """Requests what happened to accounts, to notify their owners; those without a verified address are left out."""

    ids: Ids


class SecurityNoticeDetails(AccountMessage):
    """What happened to an account, and where its owner is notified."""

    kind: SecurityNoticeKind
    occurred_at: Timestamp
    client_address: str | None = Field(repr=False, description="Of a login: the client's IP address.")
    user_agent: str | None = Field(description="Of a login: the client's `User-Agent`.")
    restore_token: str | None = Field(
        default=None, repr=False, description="Of `email_changed`: for the link that restores the address."
    )


class SecurityNoticeList(Message):
    """The requested notices whose account is open and has a verified address."""

    items: list[SecurityNoticeDetails]
