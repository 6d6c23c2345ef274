"""The gateway's contract: posts with their authors, exports, and its own RPC methods."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.json_schema import SkipJsonSchema

from chassis.contract import Id, Message, Page, Timestamp
from chassis.contract.export import ExportPage
from feeds.contract import ExportedPost
from gateway.request.rates import parse_rate
from notifications.contract import ExportedAccountDelivery, ExportedDelivery, ExportedNotification
from users.contract import (
    AccountEvent,
    ExportedAccount,
    ExportedCode,
    ExportedEmailChange,
    ExportedFailedLogins,
    ExportedIdentity,
    ExportedInvitation,
    ExportedSecondFactor,
    ExportedSession,
)


def _rate(text: str) -> str:
    parse_rate(text)
    return text


Target = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]
RateText = Annotated[str, Field(max_length=40, examples=["10/minute"]), AfterValidator(_rate)]
CacheSeconds = Annotated[int, Field(ge=0, le=3600)]
Deadline = Annotated[float, Field(gt=0, le=60)]
RouteName = Annotated[str, Field(max_length=100, description="As `gateway.routes` lists it.")]


class Author(Message):
    """The author of a post, with the current username."""

    id: Id
    username: Annotated[str, Field(examples=["ada"])]


class PostView(Message):
    """A post as clients see it."""

    id: Id
    text: Annotated[str, Field(examples=["Karibu, the bench is open."])]
    author: Author
    created_at: Timestamp
    edited_at: Timestamp | SkipJsonSchema[None] = Field(
        default=None, description="When it was last edited; absent if it never was."
    )


class PostViewPage(Page[PostView]):
    """A page of posts."""


class RouteRule(Message):
    """The routing information of one route."""

    name: RouteName
    enabled: bool
    target: Target
    rate: RateText | None
    cache_seconds: CacheSeconds
    deadline: Deadline


class RouteRules(Message):
    """The routing information of all routes."""

    items: list[RouteRule]


class SetRoute(Message):
    """Changes the given fields of a route's routing information; null resets a field to the route table.

    Every web process applies it within 5 seconds.
    """

    name: RouteName
    enabled: bool | None = Field(
        default=None, description="A route that is switched off answers 503 with the code `route_disabled`."
    )
    target: Target | None = Field(
        default=None,
        description="A service and its method; the service must be up and describe the method with the request and "
        "the reply of the route.",
    )
    rate: RateText | None = Field(
        default=None,
        description="The route's own limit, such as 10/minute, with second, minute, hour or day.",
    )
    cache_seconds: CacheSeconds | None = Field(
        default=None, description="More than 0 only if the response is the same for every caller."
    )
    deadline: Deadline | None = Field(default=None, description="Seconds.")


class ResetRoute(Message):
    """Resets all of a route's routing information to the route table."""

    name: RouteName


class MostActive(Message):
    """Requests the authors with the most posts."""

    limit: int = Field(default=20, ge=1, le=1000, description="Maximum number of authors.")


class ActiveAuthor(Author):
    """An author with the number of posts."""

    posts: int
    last_post_at: Timestamp | None


class ActiveAuthors(Message):
    """Authors, the most active first."""

    items: list[ActiveAuthor]


class Rebuilt(Message):
    """The numbers of authors and posts that a rebuild read."""

    authors: int
    posts: int


class RequestExport(Message):
    """Starts an export of all that is stored about the caller. The caller is notified when the file is ready."""


class GetExport(Message):
    """Returns a file with all that was stored about the caller when it was made."""


ExportState = Literal["making", "ready", "failed"]


class Export(Message):
    """An export of what is stored about a user."""

    id: Id
    state: ExportState = Field(description="`failed`: a service was unavailable for a day.")
    requested_at: Timestamp
    finished_at: Timestamp | None = Field(description="Null while it is being made.")
    expires_at: Timestamp = Field(description="Then it is deleted.")


class ExportedName(Message):
    """The user name that the gateway shows with the user's posts."""

    username: Annotated[str, Field(examples=["ada"])]
    changed_at: Timestamp


class GatewayData(ExportPage):
    """A page of what the gateway stores about a user."""

    names: list[ExportedName] = Field(default=[])
    exports: list[Export] = Field(default=[])


class ExportFile(Message):
    """All that was stored about a user. New lists and fields may come with the same `format`.

    Left out are secrets, and copies of what is in the file; docs/security.md lists them.
    """

    format: Literal[1]
    created_at: Timestamp
    account: ExportedAccount
    sessions: list[ExportedSession] = Field(description="Live and ended sessions.")
    account_events: list[AccountEvent] = Field(description="What happened to the account in the last 90 days.")
    codes: list[ExportedCode] = Field(description="One-time codes that were not used.")
    second_factors: list[ExportedSecondFactor] = Field(description="The authenticator app; at most one.")
    identities: list[ExportedIdentity] = Field(description="Accounts at the identity provider that may sign in.")
    email_changes: list[ExportedEmailChange] = Field(description="Replaced addresses that can be restored.")
    invitations: list[ExportedInvitation] = Field(description="Invitations for the account's address.")
    failed_logins: list[ExportedFailedLogins] = Field(description="Wrong passwords and codes at the account.")
    posts: list[ExportedPost] = Field(description="Posts, oldest first.")
    notifications: list[ExportedNotification] = Field(description="The inbox, oldest first.")
    deliveries: list[ExportedDelivery] = Field(description="Deliveries of the notifications.")
    account_deliveries: list[ExportedAccountDelivery] = Field(
        description="Deliveries of one-time codes and of security notices."
    )
    names: list[ExportedName] = Field(description="The user name with the posts; at most one.")
    exports: list[Export] = Field(description="This and earlier exports.")
