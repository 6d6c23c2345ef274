"""Messages about an account's history."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from chassis.contract import Id, Message, Page, PageRequest, Timestamp


class ListAccountEvents(PageRequest):
    """Requests a page of what happened to the caller's account, newest first."""


AccountEventKind = Literal[
    "registered",
    "signed_in",
    "signed_out",
    "username_changed",
    "email_changed",
    "phone_changed",
    "password_changed",
    "sessions_ended",
    "closed",
    "reopened",
    "unlocked",
    "staff_granted",
    "staff_revoked",
    "password_reset",
    "email_verified",
    "phone_verified",
    "second_factor_added",
    "second_factor_removed",
    "recovery_code_used",
    "identity_linked",
    "identity_removed",
    "email_restored",
]


# Events of which the owner is notified, with `signed_in` on a new device as `new_device`.
SecurityNoticeKind = Literal[
    "new_device",
    "password_changed",
    "password_reset",
    "email_changed",
    "email_restored",
    "phone_changed",
    "second_factor_added",
    "second_factor_removed",
    "recovery_code_used",
    "identity_linked",
]


class AccountEvent(Message):
    """What happened to an account; kept for 90 days."""

    id: Id
    kind: Annotated[
        str, Field(description=f"`{'`, `'.join(get_args(AccountEventKind))}`; more may come.", examples=["signed_in"])
    ]
    created_at: Timestamp
    session_id: Id | None = Field(
        description="The session that was started, or in which the user did it; null: staff or an operator did it."
    )
    address: str | None = Field(
        description="Of `signed_in`: the client's IP address, an IPv6 one without its last 64 bits.",
        examples=["192.0.2.1"],
    )
    user_agent: str | None = Field(description="Of `signed_in`: the client's `User-Agent`.")


AccountEventPage = Page[AccountEvent]
