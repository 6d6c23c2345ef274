"""Events."""

from typing import ClassVar

from pydantic import Field

from chassis.contract import Event, Id, Timestamp
from users.contract.fields import CodeChannel, CodePurpose
from users.contract.history import SecurityNoticeKind


class AccountChanged(Event):
    """An account was opened or renamed. Consumers ignore events whose `changed_at` is older than what they know."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "account_changed"

    id: Id
    username: str
    changed_at: Timestamp = Field(description="The account's `username_changed_at`; orders the names of an account.")


class AccountErased(Event):
    """An account was deleted by its owner; consumers erase the data of this user."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "account_erased"

    id: Id
    erased_at: Timestamp


class CodeIssued(Event):
    """A one-time code has to be sent. The code itself is not in the event: deliveries asks for it."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "code_issued"

    id: Id
    user_id: str = Field(description="The account; not the id of one if a name without an account was given.")
    channel: CodeChannel
    purpose: CodePurpose
    expires_at: Timestamp


class SecurityNotice(Event):
    """Something happened of which the owner has to be notified. Deliveries asks users for address and details."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "security_notice"

    id: Id = Field(description="The id of the event in the account's history.")
    user_id: Id
    kind: SecurityNoticeKind
    occurred_at: Timestamp


class SessionEnded(Event):
    """Sessions of a user ended; gateways close their websockets. May be lost: gateways also check sessions."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "session_ended"
    durable: ClassVar[bool] = False

    user_id: Id
    session_ids: list[Id] = Field(description="The sessions that ended.")
