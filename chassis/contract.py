"""What all contracts are made of: frozen models, ids, times, pages.

Models are tolerant readers (unknown fields are ignored) and strict writers (JSON types are never coerced),
so services can be deployed in any order.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def is_id(text: str) -> bool:
    """Tell whether a text has the form of an id."""
    return re.fullmatch(UUID_PATTERN, text) is not None


def _storable(text: str) -> str:
    """PostgreSQL cannot store NUL, and nothing can encode half a surrogate pair, which JSON can spell."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return text


def _rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, always with six digits, so that texts sort as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, eq=False)  # whatever annotates a type must have a hash
class JsonSchema:
    """Says in a JSON Schema what a validator or a serializer does, which pydantic cannot know."""

    says: dict[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add to what the type says."""
        return handler(schema) | self.says


Item = TypeVar("Item")
Text = Annotated[str, AfterValidator(_storable), JsonSchema({"pattern": r"^[^\u0000]*$"})]
Id = Annotated[str, Field(pattern=UUID_PATTERN, examples=["01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"])]
Timestamp = Annotated[
    AwareDatetime,
    Field(strict=False, examples=["2026-11-22T14:24:34.120000Z"]),
    PlainSerializer(_rfc3339, return_type=str),
    JsonSchema({"format": "date-time"}),
]


class Message(BaseModel):
    """Anything that crosses the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Empty(Message):
    """A request without fields, or a reply that says no more than: done."""


class PageRequest(Message):
    """Asks for a page; `cursor` is the `next` of the page before."""

    limit: int = Field(default=20, ge=1, le=100, description="How many items at most.")
    cursor: str | None = Field(default=None, max_length=200, description="The `next` of the page before.")


class Page(Message, Generic[Item]):
    """A page, and where the next one starts; `next` is null on the last."""

    items: list[Item]
    next: str | None = Field(
        default=None,
        description="The `cursor` of the next page; null on the last.",
        examples=["MDE5MzJmM2UtOWE0Yy03Y2MxLThhNTMtNmQxZjBjNWE3YjIx"],
    )


class Event(Message):
    """A small fact in the past tense; its type is its name on the wire.

    `durable` events must reach a queue before they leave the outbox; the others are hints for whoever listens.
    """

    source: ClassVar[str]
    type: ClassVar[str]
    durable: ClassVar[bool] = True
