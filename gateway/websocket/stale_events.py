"""Which of the events about one thing is the latest."""

from collections import OrderedDict

REMEMBERED = 10_000  # things


class Latest:
    """Knows an event that is older than one that was heard before of the same thing.

    Events come in the order of commits, but where the outbox had to publish some again, they come late. Their ids are
    made inside the transactions and tell which is older.
    """

    def __init__(self) -> None:
        self._events: OrderedDict[str, str] = OrderedDict()

    def is_news(self, thing: str, event_id: str) -> bool:
        """Tell whether it is the latest, and remember it."""
        if event_id <= self._events.get(thing, ""):
            return False
        self._events[thing] = event_id
        self._events.move_to_end(thing)
        if len(self._events) > REMEMBERED:
            self._events.popitem(last=False)
        return True
