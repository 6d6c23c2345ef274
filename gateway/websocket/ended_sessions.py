"""Remembers the sessions that ended a moment ago: a handshake may have been authenticated before."""

import time
from collections.abc import Iterable

REMEMBERED = 120  # seconds; longer than a handshake takes after its authentication


class EndedSessions:
    """The ids of sessions that ended, the oldest first."""

    def __init__(self) -> None:
        self._ended: dict[str, float] = {}

    def add(self, session_ids: Iterable[str]) -> None:
        """Remember sessions, and forget those that ended long ago."""
        now = time.monotonic()
        self._ended |= dict.fromkeys(session_ids, now)
        while self._ended and next(iter(self._ended.values())) < now - REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def __contains__(self, session_id: str) -> bool:
        """Return whether a session ended a moment ago."""
        return session_id in self._ended
