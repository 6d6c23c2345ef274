"""Base classes of requests, replies and events.

Models ignore unknown fields, so services can be deployed in any order. They do not coerce types: "5" is no integer.
"""

from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class Message(BaseModel):
    """Base of all requests, replies and events; immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Empty(Message):
    """A request or reply without fields."""


class PageRequest(Message):
    """Base of requests for a page."""

    limit: int = Field(default=20, ge=1, le=100, description="Maximum number of items.")
    cursor: str | None = Field(default=None, max_length=200, description="The `next` of the previous page.")


class Page(Message, Generic[Item]):
    """A page of items."""

    items: list[Item]
    next: str | None = Field(
        default=None,
        description="The `cursor` of the next page; null on the last.",
        examples=["MDE5MzJmM2UtOWE0Yy03Y2MxLThhNTMtNmQxZjBjNWE3YjIx"],
    )


class Event(Message):
    """Base of events: small facts, named in the past tense.

    `type` is the routing key, `source` the service that publishes the event. A durable event stays in the outbox until
    at least one queue has it; an event that is not durable may be lost.
    """

    source: ClassVar[str]
    type: ClassVar[str]
    durable: ClassVar[bool] = True
