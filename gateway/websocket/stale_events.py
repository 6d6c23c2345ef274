"""Recognises events that are older than one already received about the same subject."""

from collections import OrderedDict

REMEMBERED = 10_000  # subjects


class StaleEventFilter:
    """Compares event ids, which are made inside transactions.

    Events arrive in the order of commits, except those that the outbox had to publish again.
    """

    def __init__(self) -> None:
        self._newest: OrderedDict[str, str] = OrderedDict()

    def is_newest(self, subject: str, event_id: str) -> bool:
        """Return whether no newer event was received, and remember this one."""
        if event_id <= self._newest.get(subject, ""):
            return False
        self._newest[subject] = event_id
        self._newest.move_to_end(subject)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)
        return True
