"""Messages of operators."""

from pydantic import Field

from chassis.contract import Message, Timestamp
from users.contract.fields import Username


class SetStaff(Message):
    """Grants or revokes staff rights; for operators."""

    username: Username
    is_staff: bool


class SetActive(Message):
    """Closes an account and ends its sessions, or reopens it; for operators."""

    username: Username
    is_active: bool


class Unlock(Message):
    """Resets the failed logins at an account; for operators."""

    username: Username


class ResetSecondFactor(Message):
    """Removes the second factor of an account whose owner lost it; for operators."""

    username: Username


class TrustAddresses(Message):
    """Lets the addresses of accounts count as verified without a code; for operators."""

    registered_before: Timestamp = Field(description="Only of accounts that were registered before this time.")
    username: Username | None = Field(default=None, description="Only of the account with this name.")


class TrustedAddresses(Message):
    """What one call changed."""

    accounts: int = Field(description="Accounts of which an address was not verified until now.")
    left: int = Field(description="Accounts that remain, because a call takes 5 seconds at most.")
