"""The messages by which a service reads the event log of another."""

from typing import Annotated, Any

from pydantic import Field

from chassis.contract import Message, Timestamp

PAGE = 1000  # references to events
BATCH = 100  # events with their payloads


class EventsSince(Message):
    """Requests references to the events of some types that were logged after a position."""

    types: list[str]
    after: int = Field(ge=0)
    since: Timestamp | None = Field(default=None, description="Without events that were logged before.")
    limit: int = Field(default=PAGE, ge=1, le=PAGE)


class EventReference(Message):
    """An event without its payload."""

    position: int
    id: str
    type: str


class EventReferences(Message):
    """References in the order of positions."""

    items: list[EventReference]
    position: int = Field(
        description="The `after` of the next request. Less than `after` if the log was restored from a backup."
    )
    more: bool = Field(description="Whether there are more now.")
    now: Timestamp | None = Field(default=None, description="The time of the reply. The release 0.1.0 has no log.")


class EventsAt(Message):
    """Requests the events at these positions."""

    positions: Annotated[list[int], Field(max_length=BATCH)]


class LoggedEvent(Message):
    """An event with the headers of its message, such as its signed token."""

    id: str
    position: int
    payload: dict[str, Any]
    headers: dict[str, str]


class LoggedEvents(Message):
    """Events in the order of positions; those that have expired are missing."""

    items: list[LoggedEvent]
