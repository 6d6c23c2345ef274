"""Events that rest until a person helps, as operators see them: where from, why, since when. Never what they say."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from chassis.amqp.message_context import incoming, is_text
from chassis.contract import Message, Timestamp, is_id
from chassis.events.handler import ERROR, attempts
from chassis.observability import correlation

_LONGEST = 100  # characters of a text that anybody may have written
_MANY = 10  # ids of a payload


class ParkedEvent(Message):
    """A message at rest; what it does not say, or says in no decent way, is null. `ids` are those of its payload."""

    event_id: str | None
    error: str | None
    attempts: int
    request_id: str | None
    since: Timestamp | None
    ids: dict[str, str]


class HandlerQueue(Message):
    """How many events of a handler are parked, how many wait for another attempt, and the oldest parked ones."""

    handler: str
    event: str
    parked: int
    waiting: int
    oldest: list[ParkedEvent]


class Parked(Message):
    """All handlers of a service, in order of name."""

    handlers: list[HandlerQueue]


class ReplayParked(Message):
    """Names parked events of a handler: the oldest, or the one with this id."""

    handler: str = Field(description="The method that handles them, such as `on_post_created`.")
    event_id: str | None = Field(default=None, description="Only the one with this id.")
    limit: int = Field(default=100, ge=1, le=1000, description="How many at most, the oldest first.")


class DiscardParked(ReplayParked):
    """Names them too; no more than one where the number is not said."""

    limit: int = Field(default=1, ge=1, le=1000, description="How many at most, the oldest first.")


class Moved(Message):
    """How many events a command moved, and how many of those that were parked before it still are."""

    moved: int
    left: int = Field(description="Call again for these.")


def event(message: Any) -> ParkedEvent:
    """Show a message. Anybody with the broker's password may have written all of it."""
    properties: Mapping[str, Any] = message.properties
    headers = properties.get("application_headers") or {}
    return ParkedEvent(
        event_id=_text(properties.get("message_id")),
        error=_text(headers.get(ERROR)),
        attempts=attempts(headers),
        request_id=incoming(headers).get(correlation.REQUEST_ID),
        since=_moment(properties.get("timestamp")),
        ids=_ids(message.body),
    )


def _text(value: Any) -> str | None:
    return value[:_LONGEST] if is_text(value) else None


def _moment(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _ids(body: Any) -> dict[str, str]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    found = payload.items() if isinstance(payload, dict) else ()
    ids = [(name, value) for name, value in found if isinstance(value, str) and is_id(value)]
    return {name[:_LONGEST]: value for name, value in ids[:_MANY] if is_text(name)}
