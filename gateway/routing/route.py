"""What a row of the route table consists of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from chassis.contract import Message
from chassis.errors import ServiceError
from gateway.html.page import HtmlPage
from gateway.request.context import RequestContext

# Builds the response from the RPC's reply: backends, context, reply.
BuildResponse = Callable[[Any, RequestContext, Any], Message]

# Yields a file in parts: backends, reply.
Parts = Callable[[Any, Any], Iterator[bytes]]


class Access(Enum):
    """Who may call a route."""

    ANYONE = "anyone"
    OPTIONAL_USER = "anyone, or a user"
    USER = "user"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Limit:
    """A stricter limit beside the general one: `name` in config.yml's throttle; per address, even of users."""

    name: str


@dataclass(frozen=True, slots=True)
class Download:
    """A response that is sent as a file, in parts; `name` is made of the reply."""

    name: Callable[[Any], str]
    parts: Parts


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint. `request` is what clients send; `reply` is what the RPC returns.

    The RPC gets the client's request, or a `client_request`, which has the client's address and program too; clients
    get the reply, or what `build_response` makes of it, a `response_model`.
    """

    name: str
    method: str
    paths: tuple[str, ...]
    target: str
    access: Access
    request: type[Message]
    reply: type[Message]
    status: int = 200
    client_request: type[Message] | None = None
    response_model: type[Message] | None = None
    build_response: BuildResponse | None = None
    tags: tuple[str, ...] = ()  # cache tags, with parameters of the path in braces; none: the response is not cached
    cache_seconds: int = 0
    deadline: float = 5.0  # seconds
    limit: Limit | None = None
    idempotent: bool = False  # accepts an Idempotency-Key
    ends_session: bool = False  # a repetition with the token of the ended session gets the first response again
    location: str = ""  # the path of what was created, with fields of the reply in braces
    html_page: Callable[[Any], HtmlPage] | None = None  # browsers get this page of a request instead of a 204
    download: Download | None = None  # the response is this file, in the form of `response_model`
    fields_in: Literal["body", "query", "path"] = "body"  # of all methods but GET; fields of the path always count
    # For the documentation: the endpoint in a few words, and the service's errors beyond those of every such row.
    summary: str = ""
    errors: tuple[ServiceError, ...] = ()


def both(path: str, service: str, own: str | None = None) -> tuple[str, ...]:
    """Return the specification's path, and the same path under the service's name."""
    return (path, f"/{service}{own or path}")
