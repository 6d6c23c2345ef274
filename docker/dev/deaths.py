"""Who keeps dying: counted from what the supervisor says, because it starts everything again by itself."""

from collections import defaultdict
from collections.abc import Iterable

from docker.dev.control import Status

_MANY = 4  # starts
_WINDOW = 60  # seconds


class Deaths:
    """Fed with statuses from time to time; reports a program once when it has been started too often."""

    def __init__(self) -> None:
        self._starts: defaultdict[str, set[int]] = defaultdict(set)
        self._reported: set[str] = set()

    def update(self, statuses: Iterable[Status]) -> list[str]:
        """Names of the programs that now turn out to keep dying, or that the supervisor has given up."""
        return [status.name for status in statuses if self._dying(status)]

    def _dying(self, status: Status) -> bool:
        starts = self._starts[status.name]
        starts.add(status.started)
        starts -= {start for start in starts if start < status.started - _WINDOW}
        dying = len(starts) >= _MANY or status.state == "FATAL"
        if not dying:
            self._reported.discard(status.name)
            return False
        fresh = status.name not in self._reported
        self._reported.add(status.name)
        return fresh
