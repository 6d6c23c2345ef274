"""What one process knows about the recent events of a handler; the reconciliation compares it with the source's log."""

import time
from collections import OrderedDict
from collections.abc import Iterable

MAX_HANDLED = 10_000  # ids; of those that are forgotten too early, an event is handled again
MARGIN = 5  # seconds after which an event that waits for a retry should be back


class EventTracker:
    """The ids of events that are being handled, wait for a retry, or are handled: successfully, or parked."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._waiting: dict[str, float] = {}  # until
        self._handled: OrderedDict[str, float] = OrderedDict()  # since

    @property
    def running(self) -> bool:
        """Whether an event is being handled."""
        return bool(self._running)

    @property
    def handled(self) -> list[str]:
        """The ids of handled events, the oldest first, without those that were forgotten."""
        return list(self._handled)

    def busy(self) -> list[str]:
        """Return the ids of events that are being handled or wait for a retry."""
        now = time.monotonic()
        self._waiting = {event_id: until for event_id, until in self._waiting.items() if until > now}
        return [*self._running, *self._waiting]

    def start(self, event_id: str) -> None:
        """Record that an event is being handled."""
        self._waiting.pop(event_id, None)
        self._running.add(event_id)

    def retry(self, event_id: str, delay: float) -> None:
        """Record that an event comes back in `delay` seconds."""
        self._running.discard(event_id)
        self._waiting[event_id] = time.monotonic() + delay + MARGIN

    def interrupt(self, event_id: str) -> None:
        """Record that an event was returned to its queue."""
        self._running.discard(event_id)

    def finish(self, event_id: str) -> None:
        """Record that an event is handled."""
        self._running.discard(event_id)
        self._waiting.pop(event_id, None)
        self._handled[event_id] = time.monotonic()
        if len(self._handled) > MAX_HANDLED:
            self._handled.popitem(last=False)

    def forget(self, event_ids: Iterable[str]) -> None:
        """Forget handled events: they were compared with the log."""
        for event_id in event_ids:
            self._handled.pop(event_id, None)

    def forget_older(self, seconds: float) -> None:
        """Forget events that were handled longer ago: they are not in the log, or were in it before."""
        horizon = time.monotonic() - seconds
        while self._handled and next(iter(self._handled.values())) < horizon:
            self._handled.popitem(last=False)
