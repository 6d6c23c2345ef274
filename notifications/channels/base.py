"""What the deliveries service knows of a channel."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from notifications.outcomes import Outcome

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
    title: str
    message: str


class Channel(Protocol):
    """A way out. It never raises for what its provider does; that is an outcome."""

    name: str
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
        if time.monotonic() - started >= RECORDED_EVERY:
            yield part
            part, started = [], time.monotonic()
    if part:
        yield part
