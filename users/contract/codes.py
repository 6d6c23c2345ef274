"""Messages about one-time codes."""

from pydantic import Field

from chassis.contract import Message
from users.contract.accounts import NamesAccount
from users.contract.fields import ClientAddress, Code, CodeChannel, NewPassword


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
