"""Messages about one-time codes."""

from pydantic import Field

from chassis.contract import Id, Message
from users.contract.accounts import NamesAccount
from users.contract.fields import ClientAddress, Code, CodeChannel, CodePurpose, Ids, NewPassword


class RequestVerification(Message):
    """Sends a code to the account's e-mail address or phone number."""

    channel: CodeChannel


class ClientRequestVerification(RequestVerification):
    """The same, with the client's address, which the gateway adds."""

    address: ClientAddress = None


class ConfirmVerification(Message):
    """Verifies an address by the code that it received."""

    channel: CodeChannel
    code: Code = Field(repr=False)


class RequestPasswordReset(NamesAccount):
    """Sends a code for a new password to an account's verified address."""

    channel: CodeChannel = "email"


class ClientRequestPasswordReset(RequestPasswordReset):
    """The same, with the client's address, which the gateway adds."""

    address: ClientAddress = None


class RequestLoginCode(NamesAccount):
    """Sends a code for a login on a new device to an account's verified address."""

    channel: CodeChannel = "email"


class ClientRequestLoginCode(RequestLoginCode):
    """The same, with the client's address, which the gateway adds."""

    address: ClientAddress = None


class ConfirmPasswordReset(NamesAccount):
    """Sets a new password by the code; ends all sessions."""

    code: Code = Field(repr=False)
    password: NewPassword = Field(repr=False)


class Codes(Message):
    """Requests one-time codes, to send them; those that are not valid any more are left out."""

    ids: Ids


class IssuedCode(Message):
    """A one-time code and where it goes."""

    id: Id
    user_id: Id
    username: str
    channel: CodeChannel
    address: str = Field(repr=False)
    purpose: CodePurpose
    code: str = Field(repr=False)


class CodeList(Message):
    """The requested codes that are valid, whose account is open, and whose address may receive them."""

    items: list[IssuedCode]
