"""Field types of contracts: ids, times and texts, with their JSON Schemas."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, GetJsonSchemaHandler, PlainSerializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def is_id(text: str) -> bool:
    """Return whether a text is a UUID in lower case with hyphens."""
    return re.fullmatch(UUID_PATTERN, text) is not None


def _storable(text: str) -> str:
    """Reject NUL, which PostgreSQL cannot store, and lone surrogates, which JSON can spell and UTF-8 cannot encode."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return text


def _rfc3339(time: datetime) -> str:
    """Format a time as RFC 3339 in UTC, always with microseconds, so that the texts sort like the times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"  # faster than strftime


@dataclass(frozen=True, eq=False)  # annotations must be hashable
class JsonSchema:
    """Adds keywords to a type's JSON Schema that describe its validator or serializer."""

    keywords: dict[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the type's own schema with the keywords."""
        return handler(schema) | self.keywords


Text = Annotated[str, AfterValidator(_storable), JsonSchema({"pattern": r"^[^\u0000]*$"})]
Id = Annotated[str, Field(pattern=UUID_PATTERN, examples=["01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"])]
Timestamp = Annotated[
    AwareDatetime,
    Field(strict=False, examples=["2026-11-22T14:24:34.120000Z"]),
    PlainSerializer(_rfc3339, return_type=str),
    JsonSchema({"format": "date-time"}),
]
