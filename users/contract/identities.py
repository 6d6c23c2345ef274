"""Messages about identities: accounts of users at the identity provider (OpenID Connect)."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Id, Message, Text, Timestamp
from users.contract.fields import ClientAddress, Code

State = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=64,
        repr=False,
        description="Identifies the sign-in; the provider returns it with the code.",
        examples=["kq3pX0c2m1sVY9bS0fZtT8hW5uJ7nLaE4dRgOiPyQxM"],
    ),
]


class BeginProviderSignIn(Message):
    """Begins a sign-in at the identity provider."""

    link: bool = Field(
        default=False, description="Link the user's account there to the account of this session; needs a token."
    )


class ProviderSignIn(Message):
    """A sign-in that has begun. Send the user to `url`, and compare the `state` when the user returns."""

    url: Annotated[
        str,
        Field(
            repr=False,
            description="The provider's page.",
            examples=[
                "https://id.example.org/authorize?response_type=code&client_id=baraza&state=kq3pX0c2m1sVY9bS0fZt"
            ],
        ),
    ]
    state: State
    expires_at: Timestamp = Field(description="Until then the sign-in can be finished.")


class FinishProviderSignIn(Message):
    """Finishes a sign-in at the identity provider: starts a session, as a login does."""

    state: State
    code: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=4096,
            repr=False,
            description="The `code` with which the provider sent the user back.",
            examples=["SplxlOBeZQQYbYS6WxSbIA"],
        ),
    ]
    device_token: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None, repr=False, description="The `device_token` of an earlier login on this device."
    )
    otp: Code | None = Field(
        default=None,
        repr=False,
        description="If the account has a second factor: a code of the authenticator app, or a recovery code.",
    )


class ClientFinishProviderSignIn(FinishProviderSignIn):
    """The same, with the client's properties, which the gateway adds."""

    user_agent: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None, description="The client's `User-Agent`; for the list of sessions."
    )
    address: ClientAddress = None


class ListIdentities(Message):
    """Requests the identities of the caller's account."""


class LinkedIdentity(Message):
    """An account at an identity provider that may sign in to this account."""

    id: Id
    issuer: str = Field(description="The identity provider.", examples=["https://id.example.org"])
    subject: str = Field(description="The user's id there.", examples=["248289761001"])
    created_at: Timestamp
    last_used_at: Timestamp


class LinkedIdentities(Message):
    """The identities of an account, and whether it has a password too."""

    items: list[LinkedIdentity]
    has_password: bool = Field(description="If not, the last identity cannot be removed; a reset sets a password.")


class RemoveIdentity(Message):
    """Removes an identity of the caller's account."""

    id: Id
