"""A minimum interval between the starts of something, so that what comes meanwhile is done together."""

import time

import eventlet


class MinimumInterval:
    """Keeps starts `seconds` apart. The first one does not wait."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next_start = 0.0  # in seconds of `time.monotonic`

    def wait(self) -> None:
        """Wait until the next start is due. Greenlets that wait together wake up in the same turn of the hub."""
        seconds = self._next_start - time.monotonic()
        if seconds > 0:
            eventlet.sleep(seconds)

    def start(self) -> None:
        """Record a start."""
        self._next_start = time.monotonic() + self._seconds
