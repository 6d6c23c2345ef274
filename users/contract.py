"""What crosses the wire to and from the users service."""

import hashlib
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from chassis.contract import Event, Id, JsonSchema, Message, Page, PageRequest, Text, Timestamp

Channel = Literal["realtime", "email", "sms"]
REALTIME: Channel = "realtime"
Username = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.]{3,30}$", description="Unique without regard to case.", examples=["ada"])
]
Email = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=254,
        description="An address by its form, in a domain that is not reserved; unique without regard to case.",
        examples=["ada@example.org"],
    ),
    JsonSchema({"format": "email"}),
]
Phone = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=32,
        description="In international form, a number that some country has given out; unique.",
        examples=["+254711000001"],
    ),
    JsonSchema({"pattern": r"^\+[0-9 ().-]+$"}),
]
# As accounts hold them.
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+254711000001"])]
# Counted after NFKC by the service; here only a bound against abuse (128 characters may be written with more).
Password = Annotated[Text, Field(min_length=1, max_length=1024, examples=["correct horse battery"])]
NewPassword = Annotated[
    Password,
    Field(
        description="8 to 128 characters, counted after NFKC; not one of the most common passwords, nor the account's "
        "own name or address. Any characters, in any mixture."
    ),
    JsonSchema({"minLength": 8, "maxLength": 128}),
]
NotifyBy = Annotated[
    list[Channel],
    Field(
        max_length=3,
        description="How to be told of things; `sms` needs a `phone`. Empty: only the inbox.",
        examples=[["realtime", "email"]],
    ),
    JsonSchema({"uniqueItems": True}),
]
Ids = Annotated[list[Id], Field(max_length=1000)]
# In replies, with an example.
Name = Annotated[str, Field(examples=["ada"])]
Address = Annotated[str, Field(examples=["ada@example.org"])]
Number = Annotated[str, Field(examples=["+254711000001"])]
Channels = Annotated[list[Channel], Field(examples=[["realtime", "email"]])]

# Shown in place of the name of an account that was deleted; nobody can register it.
ERASED = "[deleted]"


def token_hash(token: str) -> str:
    """Return the form in which a session's token is stored, looked up and sent."""
    return hashlib.sha256(token.encode()).hexdigest()


def live_key(token_hash: str) -> str:
    """Return the Redis key of a live session's copy: an Identity as JSON, or an empty text if the session ended."""
    return f"session:{token_hash}"


def _names(field: str) -> dict[str, Any]:
    """Say in JSON Schema that a field is given and not empty."""
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


class Login(Message):
    """Starts a session; the account is named by user name or by e-mail."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_names("username"), _names("email")]})

    username: Annotated[Text, Field(max_length=254)] | None = Field(
        default=None, description="The user name, or the e-mail address here too.", examples=["ada"]
    )
    email: Annotated[Text, Field(max_length=254)] | None = Field(default=None, description="In place of the user name.")
    password: Password = Field(repr=False)

    @model_validator(mode="after")
    def _names_an_account(self) -> Self:
        if not (self.username or self.email):
            raise ValueError("username or email is required")
        return self

    @property
    def name(self) -> str:
        """The name that was given, of either kind."""
        return self.username or self.email or ""


class SignIn(Login):
    """A login, with what the gateway knows of the client."""

    user_agent: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None, description="What the list of sessions shows of the client."
    )
    address: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None, description="The client's; wrong passwords are counted for it."
    )


class Logout(Message):
    """Ends the caller's session, or all of the caller's."""

    everywhere: bool = Field(default=False, description="End all sessions of the caller, not this one alone.")


class ListSessions(PageRequest):
    """Asks for a page of the caller's live sessions, newest first."""


class EndSession(Message):
    """Ends one of the caller's live sessions."""

    id: Id


class DeleteAccount(Message):
    """Deletes the caller's account, for ever."""

    password: Password = Field(repr=False)


class UpdateAccount(Message):
    """Changes what is given. A null phone removes it; a new password needs the current one."""

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
        default=None, repr=False, description="Needs `current_password`; ends the other sessions."
    )
    current_password: Password | None = Field(default=None, repr=False, description="The one until now.")


class GetUser(Message):
    """Names one account."""

    id: Id


class Authenticate(Message):
    """Asks whose live session this is; the token travels as its SHA-256 in hex only."""

    token_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token, in hex.")]


class ActiveRecipients(Message):
    """Asks for a page of the users who were active at a moment, in order of id; with `ids` only among those."""

    as_of: Timestamp = Field(description="The moment.")
    ids: Ids | None = Field(default=None, description="Only these; null: everybody.")
    after: Id | None = Field(default=None, description="The `next` of the page before.")
    limit: int = Field(default=1000, ge=1, le=1000, description="How many recipients at most.")


class Contacts(Message):
    """Asks for the addresses of accounts at the moment of sending."""

    ids: Ids


class Profiles(Message):
    """Asks for the profiles of accounts; unknown ones are left out."""

    ids: Ids


class OptOut(Message):
    """Takes a channel out of what the owner of a phone number chose, because they said so elsewhere."""

    phone: E164 = Field(repr=False)
    channel: Channel = Field(default="sms", description="The one they want no more.")


class SetStaff(Message):
    """Gives or takes staff rights; for operators."""

    username: Username
    is_staff: bool


class SetActive(Message):
    """Closes an account and ends its sessions, or opens it again; for operators."""

    username: Username
    is_active: bool


class Unlock(Message):
    """Opens the login of an account again that too many wrong passwords have closed; for operators."""

    username: Username


class Unsubscribe(Message):
    """Switches off one of the channels of whoever has the link, which is in every mail; no sign-in is needed."""

    token: Id = Field(repr=False, description="The one of the account, from the link.")
    channel: Channel = Field(default="email", description="Which one.", examples=["email"])


class Profile(Message):
    """What everybody may see of an account."""

    id: Id
    username: Name
    created_at: Timestamp


class Account(Profile):
    """What its owner and staff may see."""

    email: Address
    phone: Number | None
    notify_by: Channels
    is_active: Annotated[bool, Field(examples=[True])]
    is_staff: Annotated[bool, Field(examples=[False])]


class UserDetail(Profile):
    """A profile; for its owner and staff with the rest of the account."""

    email: Address | None = None
    phone: Number | None = None
    notify_by: Channels | None = None
    is_active: bool | None = None
    is_staff: bool | None = None


class Session(Message):
    """A session, as its owner gets it once: the token is stored nowhere. It ends at `expires_at` at the latest."""

    token: Annotated[str, Field(examples=["0rOq1pY5cV3nX9sKQ2mHf7tEwJ8uZa4dLbG6iTyRk_M"])]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750's word, no secret
    expires_at: Timestamp = Field(description="At the latest, however much it is used.")
    user: Account


class Identity(Message):
    """Whose live session a token is; what the gateway reads from Redis or asks for. It expires then if not used."""

    user_id: Id
    username: str
    session_id: Id
    is_staff: bool
    expires_at: Timestamp = Field(description="If it is not used until then.")


class ListedSession(Message):
    """One of the caller's live sessions; `current` is the one that asks. It expires then if it is not used."""

    id: Id
    created_at: Timestamp
    last_seen_at: Timestamp
    expires_at: Timestamp = Field(description="If it is not used until then.")
    user_agent: str | None = Field(description="What the client said of itself at the login.")
    current: bool = Field(description="Whether it is the one that asks.")


SessionPage = Page[ListedSession]


class Recipient(Message):
    """An active user and how they want to be told."""

    id: Id
    notify_by: list[Channel]


class Recipients(Message):
    """A page of recipients; `next` is the `after` of the next page, null on the last."""

    items: list[Recipient]
    next: Id | None = Field(description="The `after` of the next page; null on the last.")


class Contact(Message):
    """Where to reach somebody right now; closed accounts are not listed."""

    id: Id
    username: str
    email: str
    phone: str | None
    notify_by: list[Channel]
    unsubscribe_token: str | None = Field(
        default=None,
        repr=False,
        description="For links in mails: whoever has it may switch off this person's channels.",
    )


class ContactList(Message):
    """The accounts found among those asked for."""

    items: list[Contact]


class ProfileList(Message):
    """The accounts found among those asked for."""

    items: list[Profile]


class ListUsers(PageRequest):
    """Asks for a page of profiles, newest first."""


class ProfilePage(Page[Profile]):
    """A page of profiles."""


class AccountChanged(Event):
    """An account was opened or renamed. Older news than what is known already is to be ignored, by `changed_at`."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "account_changed"

    id: Id
    username: str
    changed_at: Timestamp = Field(description="Which of two names is the newer one.")


class AccountErased(Event):
    """An account was deleted by its owner; whoever has something of this person erases it."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "account_erased"

    id: Id
    erased_at: Timestamp


class SessionEnded(Event):
    """Sessions of a user ended; the holders of open sockets close them. A hint: sessions are checked anyway."""

    source: ClassVar[str] = "users"
    type: ClassVar[str] = "session_ended"
    durable: ClassVar[bool] = False

    user_id: Id
    session_ids: list[Id] = Field(description="Those that ended.")
