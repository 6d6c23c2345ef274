"""What users stores about a user, for the export of the user's data."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Id, Message, Timestamp
from chassis.contract.export import ExportPage
from users.contract.accounts import Account
from users.contract.fields import CodeChannel, CodePurpose
from users.contract.history import AccountEvent

Program = Annotated[str | None, Field(description="The client's `User-Agent` at the login.", examples=["curl/8.5.0"])]


class ExportedAccount(Account):
    """The account, with the times of its changes."""

    username_changed_at: Timestamp
    password_changed_at: Timestamp
    deactivated_at: Timestamp | None = Field(description="When it was closed; null: it is open.")
    second_factor_since: Timestamp | None = Field(description="When the second factor was confirmed; null: none.")


class ExportedSession(Message):
    """A session, live or ended, without its token."""

    id: Id
    created_at: Timestamp
    last_seen_at: Timestamp
    expires_at: Timestamp
    revoked_at: Timestamp | None = Field(description="When it was ended before it expired; null: it was not.")
    user_agent: Program


class ExportedCode(Message):
    """A one-time code that was sent and is not used; its digits are not stored."""

    purpose: CodePurpose
    channel: CodeChannel
    address: Annotated[str, Field(examples=["ada@example.org"])]
    tries: int = Field(description="How often a wrong one was entered.")
    issued_at: Timestamp
    expires_at: Timestamp


class ExportedSecondFactor(Message):
    """The authenticator app, confirmed or not, without its secret."""

    created_at: Timestamp
    recovery_codes: int = Field(description="Recovery codes that were not used yet.")


class ExportedIdentity(Message):
    """An account at an identity provider that may sign in to this account."""

    issuer: Annotated[str, Field(description="The identity provider.", examples=["https://id.example.org"])]
    subject: Annotated[str, Field(description="The user's id there.", examples=["248289761001"])]
    created_at: Timestamp
    last_used_at: Timestamp


class ExportedEmailChange(Message):
    """An e-mail address that was replaced, and that its owner can restore for 72 hours."""

    email: Annotated[str, Field(examples=["ada@example.org"])]
    changed_at: Timestamp


class ExportedInvitation(Message):
    """An invitation for the account's e-mail address that was not used."""

    expires_at: Timestamp


class ExportedFailedLogins(Message):
    """Wrong passwords or codes that were counted at the account."""

    kind: Annotated[
        str,
        Field(
            description="For whom they count: `device`, `client`, `account` (all unknown clients), `session` (the"
            " user's own sessions), `code` (codes of the second factor).",
            examples=["client"],
        ),
    ]
    failures: int
    since: Timestamp
    failed_at: Timestamp
    open_at: Timestamp | None = Field(description="Attempts before this time are rejected; null: none.")


class UserData(ExportPage):
    """A page of what users stores about a user."""

    account: list[ExportedAccount] = Field(default=[])
    sessions: list[ExportedSession] = Field(default=[])
    account_events: list[AccountEvent] = Field(default=[])
    codes: list[ExportedCode] = Field(default=[])
    second_factors: list[ExportedSecondFactor] = Field(default=[])
    identities: list[ExportedIdentity] = Field(default=[])
    email_changes: list[ExportedEmailChange] = Field(default=[])
    invitations: list[ExportedInvitation] = Field(default=[])
    failed_logins: list[ExportedFailedLogins] = Field(default=[])
