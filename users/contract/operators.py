"""Messages of operators."""

from chassis.contract import Message
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
