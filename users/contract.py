"""Messages and events of the users service."""

import hashlib
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from chassis.contract import Event, Id, JsonSchema, Message, Page, PageRequest, Text, Timestamp

Channel = Literal["realtime", "email", "sms"]
CodeChannel = Literal["email", "sms"]
CodePurpose = Literal["verify_email", "verify_phone", "reset_password"]
REALTIME: Channel = "realtime"
Username = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.]{3,30}$", description="Unique without regard to case.", examples=["ada"])
]
Email = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=254,
        description="A well-formed address, ASCII before the @, in a domain that is not reserved; unique without "
        "regard to case.",
        examples=["ada@example.org"],
    ),
    JsonSchema({"format": "email"}),
]
Phone = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=32,
        description="A valid number in international form; unique.",
        examples=["+254711000001"],
    ),
    JsonSchema({"pattern": r"^\+[0-9 ().-]+$"}),
]
# The form in which accounts store phone numbers.
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+254711000001"])]
# Only an upper bound: the service counts characters after NFKC, which can shorten a text.
Password = Annotated[Text, Field(min_length=1, max_length=1024, examples=["correct horse battery"])]
NewPassword = Annotated[
    Password,
    Field(
        description="8 to 128 characters of any kind, counted after NFKC; not one of the most common passwords, nor "
        "the account's own user name or e-mail address."
    ),
    JsonSchema({"minLength": 8, "maxLength": 128}),
]
NotifyBy = Annotated[
    list[Channel],
    Field(
        max_length=len(get_args(Channel)),
        description="Channels for notifications; `sms` requires a `phone`. Empty: the inbox only.",
        examples=[["realtime", "email"]],
    ),
    JsonSchema({"uniqueItems": True}),
]
ClientAddress = Annotated[
    Annotated[Text, Field(max_length=64)] | None,
    Field(
        description="The client's IP address, an IPv6 one without its last 64 bits; failed logins and codes are"
        " counted for it."
    ),
]
Code = Annotated[Text, Field(min_length=1, max_length=40, examples=["123456"])]
Ids = Annotated[list[Id], Field(max_length=1000)]
# Field types of replies, with examples.
Name = Annotated[str, Field(examples=["ada"])]
Address = Annotated[str, Field(examples=["ada@example.org"])]
Number = Annotated[str, Field(examples=["+254711000001"])]
Channels = Annotated[list[Channel], Field(examples=[["realtime", "email"]])]

# Replaces the user name of a deleted account; the pattern of `Username` excludes it.
ERASED = "[deleted]"


def token_hash(token: str) -> str:
    """Return the SHA-256 of a session's token in hex: services store, look up and send only this form."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_key(token_hash: str) -> str:
    """Return the Redis key of a cached session. Its value is a CachedIdentity, or empty if the session ended."""
    return f"session:{token_hash}"


def _required(field: str) -> dict[str, Any]:
    """Return the JSON Schema of an object with a text in this field that is not empty."""
    return {"required": [field], "properties": {field: {"type": "string", "minLength": 1}}}


class Register(Message):
    """Opens an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["notify_by"], "properties": {"notify_by": {"contains": {"const": "sms"}}}},
            "then": {"required": ["phone"], "properties": {"phone": {"type": "string"}}},
        }
    )

    username: Username
    email: Email
    password: NewPassword = Field(repr=False)
    phone: Phone | None = None
    notify_by: NotifyBy = Field(default=["realtime", "email"])
    invitation: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None, repr=False, description="The token of an invitation, where registration needs one."
    )


class Invite(Message):
    """Creates an invitation, with which one account can be opened."""

    email: Email | None = Field(default=None, description="Only an account with this address.")


class Invitation(Message):
    """A new invitation. Only this reply contains its token."""

    invitation: Annotated[str, Field(repr=False, examples=["0rOq1pY5cV3nX9sKQ2mHf7tEwJ8uZa4dLbG6iTyRk_M"])]
    expires_at: Timestamp


class NamesAccount(Message):
    """Selects an account by user name or by e-mail address."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_required("username"), _required("email")]})

    username: Annotated[Text, Field(max_length=254)] | None = Field(
        default=None, description="The user name; the e-mail address is accepted too.", examples=["ada"]
    )
    email: Annotated[Text, Field(max_length=254)] | None = Field(default=None, description="Instead of the user name.")

    @model_validator(mode="after")
    def _require_name(self) -> Self:
        if not (self.username or self.email):
            raise ValueError("username or email is required")
        return self

    @property
    def name(self) -> str:
        """The user name or e-mail address of the request."""
        return self.username or self.email or ""


class Login(NamesAccount):
    """Starts a session; selects the account by user name or by e-mail address."""

    password: Password = Field(repr=False)
    device_token: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None,
        repr=False,
        description="The `device_token` of an earlier login on this device. Then other clients do not delay it.",
    )

    otp: Code | None = Field(
        default=None,
        repr=False,
        description="If the account has a second factor: a code of the authenticator app, or a recovery code.",
    )


class ClientLogin(Login):
    """A login with the client's properties, which the gateway adds."""

    user_agent: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None, description="The client's `User-Agent`; for the list of sessions."
    )
    address: ClientAddress = None


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


class Logout(Message):
    """Ends the caller's session, or all sessions of the caller."""

    everywhere: bool = Field(default=False, description="End all sessions of the caller, not only this one.")


class ListSessions(PageRequest):
    """Requests a page of the caller's live sessions, newest first."""


class ListAccountEvents(PageRequest):
    """Requests a page of what happened to the caller's account, newest first."""


class EndSession(Message):
    """Ends one of the caller's live sessions."""

    id: Id


class DeleteAccount(Message):
    """Deletes the caller's account permanently."""

    password: Password = Field(repr=False)


class UpdateAccount(Message):
    """Changes the given fields. A null phone removes it; a new password requires the current one."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"password": ["current_password"]},
            "examples": [{"phone": "+254711000001", "notify_by": ["sms"]}],
        }
    )

    username: Username | SkipJsonSchema[None] = None
    email: Email | SkipJsonSchema[None] = None
    phone: Phone | None = Field(default=None, description="null removes it.")
    notify_by: NotifyBy | SkipJsonSchema[None] = None
    password: NewPassword | SkipJsonSchema[None] = Field(
        default=None, repr=False, description="Requires `current_password`; ends the other sessions."
    )
    current_password: Password | None = Field(default=None, repr=False, description="The current password.")


class BeginSecondFactor(Message):
    """Begins to add a second factor: an authenticator app (TOTP, RFC 6238)."""

    password: Password = Field(repr=False)


class SecondFactorSecret(Message):
    """The secret of a second factor. Only this reply contains it; it has no effect before it is confirmed."""

    secret: Annotated[
        str,
        Field(repr=False, description="To type into the app; Base32.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]),
    ]
    uri: Annotated[
        str,
        Field(
            repr=False,
            description="To show as a QR code, which the app scans.",
            examples=["otpauth://totp/Baraza:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Baraza"],
        ),
    ]


class ConfirmSecondFactor(Message):
    """Confirms the second factor by a code of the authenticator app. From then on logins need one."""

    code: Code = Field(repr=False)


class RecoveryCodes(Message):
    """Each of these codes replaces one of the authenticator app, once. Only this reply contains them."""

    recovery_codes: list[str] = Field(repr=False, examples=[["k3xq-9dzm-4abt-p7vn"]])


class RemoveSecondFactor(Message):
    """Removes the caller's second factor."""

    password: Password = Field(repr=False)
    code: Code = Field(repr=False, description="A code of the authenticator app, or a recovery code.")


class ResetSecondFactor(Message):
    """Removes the second factor of an account whose owner lost it; for operators."""

    username: Username


class GetUser(Message):
    """Selects an account."""

    id: Id


class Authenticate(Message):
    """Requests the identity of a live session by the hash of its token."""

    token_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token, in hex.")]


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


class OptOut(Message):
    """Removes a channel from the account with a phone number, after an opt-out at the SMS provider."""

    phone: E164 = Field(repr=False)
    channel: Channel = Field(default="sms", description="The channel to remove.")


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


class Unsubscribe(Message):
    """Removes a channel from an account by the token in the links of its mails; requires no login."""

    token: Id = Field(repr=False, description="The account's token, from the link.")
    channel: Channel = Field(default="email", description="The channel to remove.", examples=["email"])


class Profile(Message):
    """The public part of an account."""

    id: Id
    username: Name
    created_at: Timestamp


VerifiedAt = Annotated[
    Timestamp | None, Field(description="When the address was verified by a code; null: it was not.", examples=[None])
]


class Account(Profile):
    """An account, for its owner and staff."""

    email: Address
    phone: Number | None
    notify_by: Channels
    is_active: Annotated[bool, Field(examples=[True])]
    is_staff: Annotated[bool, Field(examples=[False])]
    second_factor: Annotated[bool, Field(description="Whether logins need a code.", examples=[False])] = False
    email_verified_at: VerifiedAt = None
    phone_verified_at: VerifiedAt = None


NameTime = Annotated[Timestamp | None, Field(description="When the user name was set; orders the names of an account.")]


class NamedProfile(Profile):
    """A profile with the time of its name; for services."""

    username_changed_at: NameTime = None


class NamedAccount(Account):
    """An account with the time of its name; for services."""

    username_changed_at: NameTime = None


class UserDetail(Profile):
    """A profile; for its owner and staff the whole account."""

    email: Address | None = None
    phone: Number | None = None
    notify_by: Channels | None = None
    is_active: bool | None = None
    is_staff: bool | None = None
    second_factor: bool | None = None
    email_verified_at: VerifiedAt = None
    phone_verified_at: VerifiedAt = None


class Session(Message):
    """A new session. Only this reply contains the token; it is not stored."""

    token: Annotated[str, Field(examples=["0rOq1pY5cV3nX9sKQ2mHf7tEwJ8uZa4dLbG6iTyRk_M"])]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the token type of RFC 6750, no secret
    expires_at: Timestamp = Field(description="The session ends at this time, also if it is used.")
    user: Account
    device_token: str | None = Field(
        default=None,
        repr=False,
        description="Store it on the device, also after the session, and send it with the next login.",
        examples=["5mJx0lQ8dXk1p3uTz7vYcRw9sHf2aGqLbNeVoUiEyWg"],
    )


class Identity(Message):
    """The user and session that a token belongs to; the gateway reads it from Redis or calls `authenticate`."""

    user_id: Id
    username: str
    session_id: Id
    is_staff: bool
    expires_at: Timestamp = Field(description="The session expires at this time unless it is used before.")


class CachedIdentity(Identity):
    """An Identity in Redis, signed by users: other services can write to Redis too.

    Only what is signed counts. The other fields are for the guard's script, and for gateways of 0.1.0.
    """

    signed: str = ""


class ListedSession(Message):
    """A live session of the caller."""

    id: Id
    created_at: Timestamp
    last_seen_at: Timestamp
    expires_at: Timestamp = Field(description="The session expires at this time unless it is used before.")
    user_agent: str | None = Field(description="The client's `User-Agent` at the login.")
    current: bool = Field(description="Whether it is the session of this request.")


SessionPage = Page[ListedSession]

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


class ListUsers(PageRequest):
    """Requests a page of profiles, newest first."""


class ProfilePage(Page[Profile]):
    """A page of profiles."""


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


class SessionEnded(Event):
    """Sessions of a user ended; gateways close their websockets. May be lost: gateways also check sessions."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "session_ended"
    durable: ClassVar[bool] = False

    user_id: Id
    session_ids: list[Id] = Field(description="The sessions that ended.")
