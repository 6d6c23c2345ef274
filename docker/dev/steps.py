"""What a person sees: one line per step, with the time it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_WIDTH = 34


class Steps:
    """Prints the steps of a command; with `quiet` it only keeps order, as tests want it.

    With a margin, which says who speaks where several do, a step is printed when it is done, so that lines stay whole.
    """

    def __init__(self, *, quiet: bool = False, margin: str = "") -> None:
        self._quiet = quiet
        self._margin = margin

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Name the step before it runs, so that a slow one can be recognised, and its seconds after."""
        started = time.monotonic()
        name = f"{self._margin}  {title:<{_WIDTH}}"
        if not self._margin:
            self._print(name, end="")
            name = ""
        try:
            yield
        except BaseException:
            self._print(f"{name}{_seconds(started)}  failed")
            raise
        self._print(f"{name}{_seconds(started)}")

    def _print(self, text: str, end: str = "\n") -> None:
        if not self._quiet:
            print(text, end=end, flush=True)


def _seconds(started: float) -> str:
    return f"{time.monotonic() - started:6.1f} s"
