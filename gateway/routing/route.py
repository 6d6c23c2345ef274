"""What a row of the route table is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from chassis.contract import Message
from chassis.errors import ServiceError
from gateway.html.page import Page
from gateway.request_context import Visit

# Makes of an RPC's reply what clients see: backends, who asks, the reply.
View = Callable[[Any, Visit, Any], Message]
# Makes of what a client sent what the RPC takes: who asks, the request.
Prepare = Callable[[Visit, Any], Message]


class Who(Enum):
    """Who may call a route."""

    ANYONE = "anyone"
    USER = "user"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Limit:
    """A tighter limit than the general one: `name` in config.yml's throttle; per address, and per account if named."""

    name: str
    account: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `request` is what clients send, `reply` what the RPC answers.

    The RPC takes what they send, or what `prepare` makes of it; clients see its reply, or what `view` makes of that.
    """

    name: str
    method: str
    paths: tuple[str, ...]
    target: str
    who: Who
    request: type[Message]
    reply: type[Message]
    status: int = 200
    prepare: Prepare | None = None
    shows: type[Message] | None = None
    view: View | None = None
    tag: str | None = None
    cache_seconds: int = 0
    deadline: float = 5.0  # seconds
    limit: Limit | None = None
    keyed: bool = False  # Idempotency-Key is honoured
    page: Callable[[Any], Page] | None = None  # browsers are shown this of a request, where others get a 204
    fields_in: Literal["body", "query", "path"] = "body"  # of what is not a GET; a path's always count
    # For the documentation: the endpoint in a few words, and what the service refuses beyond what the row implies.
    summary: str = ""
    refusals: tuple[ServiceError, ...] = ()
