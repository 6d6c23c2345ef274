"""What the gateway itself adds to the wire: posts joined with their authors, and its own RPC."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Id, Message, Page, Timestamp


class Author(Message):
    """Who wrote a post, under their present name."""

    id: Id
    username: Annotated[str, Field(examples=["ada"])]


class PostView(Message):
    """A post as clients see it."""

    id: Id
    text: Annotated[str, Field(examples=["Karibu, the bench is open."])]
    author: Author
    created_at: Timestamp


class PostViewPage(Page[PostView]):
    """A page of posts."""


class RouteRule(Message):
    """The routing information of one route."""

    name: str
    enabled: bool
    target: str
    cache_seconds: int
    deadline: float


class RouteRules(Message):
    """The routing information of all routes."""

    items: list[RouteRule]


class SetRoute(Message):
    """Changes what is given of a route's routing information; every gateway process follows within 5 seconds."""

    name: Annotated[str, Field(max_length=100)]
    enabled: bool | None = None
    target: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")] | None = None
    cache_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    deadline: Annotated[float, Field(gt=0, le=60, strict=False)] | None = None
