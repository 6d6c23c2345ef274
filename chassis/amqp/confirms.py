"""Publisher confirms (RabbitMQ's extension of AMQP 0-9-1): what became of each message published on a channel."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from chassis.amqp import protocol


class Outcome(Enum):
    """What the broker did with a message."""

    CONFIRMED = "it is in every queue that it was routed to"
    REJECTED = "a queue is full, or a new quorum queue has no leader yet"
    UNROUTABLE = "it was mandatory, and no queue is bound"


OnOutcome = Callable[[Outcome], object]


class ConfirmTracker:
    """Publishes on a channel, and calls `on_outcome` once for each message.

    It calls while the connection is read. The broker numbers the messages of a channel from 1 in the order in which
    they are written, so greenlets that share a tracker must publish one at a time. The tracker writes this number into
    the correlation id, to recognise a message that the broker returns.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._last_tag = 0
        self._waiting: dict[int, OnOutcome] = {}
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    @property
    def waiting(self) -> int:
        """The number of messages without an outcome."""
        return len(self._waiting)

    def publish(
        self, body: bytes | str, exchange: str, routing_key: str, *, on_outcome: OnOutcome, **properties: Any
    ) -> None:
        """Write a message without waiting."""
        self._last_tag += 1
        self._waiting[self._last_tag] = on_outcome
        properties["correlation_id"] = str(self._last_tag)
        protocol.send(self._channel, body, exchange, routing_key, **properties)

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp's signature
        self._settle(tag, Outcome.CONFIRMED, multiple=multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp's signature
        self._settle(tag, Outcome.REJECTED, multiple=multiple)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        """Handle a message without a queue; the broker confirms it afterwards, which is then ignored."""
        self._settle(int(message.properties["correlation_id"]), Outcome.UNROUTABLE)

    def _settle(self, last: int, outcome: Outcome, *, multiple: bool = False) -> None:
        tags = [tag for tag in self._waiting if tag <= last] if multiple else [last]
        for tag in tags:
            if on_outcome := self._waiting.pop(tag, None):
                on_outcome(outcome)
