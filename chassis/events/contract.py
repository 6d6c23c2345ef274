"""The contract of dead letters: parked events as operators see them, without the content of their payloads."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from chassis.amqp.message_context import is_printable_text, parse
from chassis.contract import Message, Timestamp, is_id
from chassis.events.retries import ERROR, attempts
from chassis.observability import correlation

_MAX_LENGTH = 100  # characters of a text; any publisher can write it
_MAX_IDS = 10  # of a payload


class ParkedEvent(Message):
    """A parked event; missing and malformed properties are null. `ids` are the fields of its payload that are ids."""

    event_id: str | None
    error: str | None
    attempts: int
    request_id: str | None
    since: Timestamp | None
    ids: dict[str, str]


class HandlerQueue(Message):
    """The number of a handler's parked events and of those that wait for a retry, and its oldest parked events."""

    handler: str
    event: str
    parked: int
    waiting: int
    oldest: list[ParkedEvent]


class Parked(Message):
    """The event handlers of a service, in alphabetical order."""

    handlers: list[HandlerQueue]


class ReplayParked(Message):
    """Selects parked events of a handler: the oldest, or the one with this id."""

    handler: str = Field(description="The method that handles them, such as `on_order_placed`.")
    event_id: str | None = Field(default=None, description="Only the one with this id.")
    limit: int = Field(default=100, ge=1, le=1000, description="How many at most, the oldest first.")


class DiscardParked(ReplayParked):
    """Selects parked events of a handler: by default only the oldest one."""

    limit: int = Field(default=1, ge=1, le=1000, description="How many at most, the oldest first.")


class Moved(Message):
    """The number of events that a command moved, and the number of those that are still parked."""

    moved: int
    left: int = Field(description="Call again for these.")


def describe(message: Any) -> ParkedEvent:
    """Describe a parked message. Any client of the broker may have written it, so all of it can be malformed."""
    properties: Mapping[str, Any] = message.properties
    headers = properties.get("application_headers") or {}
    return ParkedEvent(
        event_id=_text(properties.get("message_id")),
        error=_text(headers.get(ERROR)),
        attempts=attempts(headers),
        request_id=parse(headers).get(correlation.REQUEST_ID),
        since=_time(properties.get("timestamp")),
        ids=_ids(message.body),
    )


def _text(value: Any) -> str | None:
    return value[:_MAX_LENGTH] if is_printable_text(value) else None


def _time(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _ids(body: Any) -> dict[str, str]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    fields = payload.items() if isinstance(payload, dict) else ()
    ids = [(name, value) for name, value in fields if isinstance(value, str) and is_id(value)]
    return {name[:_MAX_LENGTH]: value for name, value in ids[:_MAX_IDS] if is_printable_text(name)}
