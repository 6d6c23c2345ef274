"""What the deliveries service knows of a channel."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from notifications.channels.delivery_results import Outcome
from notifications.contract import DeliveryChannel

RECORDED_EVERY = 1  # seconds: so much work is done again after a process was killed

Result = tuple[int, Outcome]  # a delivery's id, and what came of it


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery on its way out; the address is known for as long as that takes."""

    id: int
    # The same for every attempt and like no other mail's.
    reference: str
    address: str = field(repr=False)
    username: str
    kind: str
    title: str
    message: str
    # The sender chose this channel; what the user chose did not count.
    chosen: bool = False
    # Whoever has it may switch off the user's channels; None where users does not tell it yet.
    unsubscribe_token: str | None = field(default=None, repr=False)


class Channel(Protocol):
    """A way out. It never raises for what its provider does; that is an outcome.

    Outcomes say `trouble` where it is the provider's and not one delivery's; nobody asks on after that.
    """

    name: DeliveryChannel
    abandoned: Outcome  # of a delivery whose sender died on the way

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send one after the other and tell as it goes; whoever stops asking stops it between two deliveries.

        What it ends without a result for was not touched.
        """
        ...


def recordable(results: Iterable[Result]) -> Iterator[list[Result]]:
    """Gather single results into parts worth a transaction each."""
    part: list[Result] = []
    started = time.monotonic()
    for result in results:
        part.append(result)
        if result[1].trouble or time.monotonic() - started >= RECORDED_EVERY:
            yield part
            part, started = [], time.monotonic()
    if part:
        yield part
