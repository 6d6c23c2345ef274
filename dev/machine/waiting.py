"""Wait for a condition, with a time limit, and print the progress of a command."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dev import DevError

Result = TypeVar("Result")


class TimeLimitError(DevError):
    """A condition was not met in time; the text names it and the last error."""


class GiveUpError(DevError):
    """A check raises it when waiting longer cannot help."""


def until(check: Callable[[], Result], what: str, limit: float) -> Result:
    """Call `check` until it neither raises nor returns False, and return its result.

    Raises TimeLimitError after `limit` seconds.
    """
    deadline = time.monotonic() + limit
    while True:
        reason = "not yet"
        try:
            if (result := check()) is not False:
                return result
        except GiveUpError:
            raise
        except Exception as error:  # noqa: BLE001 - a server that is starting can fail in any way
            reason = str(error) or type(error).__name__
        if time.monotonic() >= deadline:
            raise TimeLimitError(f"waited {limit:g} s for {what}: {reason}")
        time.sleep(0.1)


@contextmanager
def step(title: str, *, quiet: bool = False) -> Iterator[None]:
    """Print a title before the block and its seconds after it."""
    out = (lambda *_, **__: None) if quiet else print
    started, result = time.monotonic(), "  failed"
    out(f"  {title:<34}", end="", flush=True)
    try:
        yield
        result = ""
    finally:
        out(f"{time.monotonic() - started:6.1f} s{result}", flush=True)
