"""Messages about sessions, and the Redis key of a cached one."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field

from chassis.contract import Id, Message, Page, PageRequest, Text, Timestamp
from users.contract.accounts import Account, NamesAccount
from users.contract.fields import ClientAddress, Code, Password


def token_hash(token: str) -> str:
    """Return the SHA-256 of a session's token in hex: services store, look up and send only this form."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_key(token_hash: str) -> str:
    """Return the Redis key of a cached session. Its value is a CachedIdentity, or empty if the session ended."""
    return f"session:{token_hash}"


class Login(NamesAccount):
    """Starts a session; selects the account by user name or by e-mail address."""

    password: Password = Field(repr=False)
    device_token: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None,
        repr=False,
        description="The `device_token` of an earlier login on this device. Then other clients do not delay it.",
    )
    code: Code | None = Field(
        default=None,
        repr=False,
        description="A code of `POST /login-code/`. Then wrong passwords of other clients do not delay the login.",
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


class Logout(Message):
    """Ends the caller's session, or all sessions of the caller."""

    everywhere: bool = Field(default=False, description="End all sessions of the caller, not only this one.")


class ListSessions(PageRequest):
    """Requests a page of the caller's live sessions, newest first."""


class EndSession(Message):
    """Ends one of the caller's live sessions."""

    id: Id


TokenHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token, in hex.")]


class Authenticate(Message):
    """Requests the identity of a live session by the hash of its token."""

    token_hash: TokenHash


class AuthenticateAll(Message):
    """Requests the identities of sessions by the hashes of their tokens."""

    token_hashes: Annotated[list[TokenHash], Field(min_length=1, max_length=100)]


class Session(Message):
    """A new session. Only this reply contains the token."""

    token: Annotated[str, Field(repr=False, examples=["0rOq1pY5cV3nX9sKQ2mHf7tEwJ8uZa4dLbG6iTyRk_M"])]
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


class Identities(Message):
    """The identities of sessions, in the order of the request."""

    items: list[Identity | None] = Field(description="null: the session is not live.")


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
