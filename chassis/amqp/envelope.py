"""An event with its headers, as the outbox stores it and the publisher sends it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event to publish; when `leased_until` has passed, other processes may publish its outbox row."""

    id: str
    type: str
    durable: bool
    payload: dict[str, Any]
    request_id: str
    traceparent: str | None = None
    leased_until: datetime = _FOREVER
