"""Base classes of requests, replies and events.

Models are tolerant readers (unknown fields are ignored) and strict writers (JSON types are never coerced),
so services can be deployed in any order.
"""

from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class Message(BaseModel):
    """Base of everything that crosses the wire; immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Empty(Message):
    """A request without fields, or a reply without content."""


class PageRequest(Message):
    """Asks for a page; `cursor` is the `next` of the previous page."""

    limit: int = Field(default=20, ge=1, le=100, description="Maximum number of items.")
    cursor: str | None = Field(default=None, max_length=200, description="The `next` of the previous page.")


class Page(Message, Generic[Item]):
    """A page of items; `next` is the cursor of the next page, null on the last."""

    items: list[Item]
    next: str | None = Field(
        default=None,
        description="The `cursor` of the next page; null on the last.",
        examples=["MDE5MzJmM2UtOWE0Yy03Y2MxLThhNTMtNmQxZjBjNWE3YjIx"],
    )


class Event(Message):
    """A small fact in the past tense; `type` is its name on the wire, `source` the service that publishes it.

    Durable events stay in the outbox until a queue has them; the others are hints that may be lost.
    """

    source: ClassVar[str]
    type: ClassVar[str]
    durable: ClassVar[bool] = True
