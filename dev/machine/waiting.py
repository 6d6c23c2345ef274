"""Wait for a condition, with a time limit, and print the progress of a command."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dev import DevError


class TimeLimitError(DevError):
    """A condition was not met in time; the text names it and the last error."""


class GiveUpError(DevError):
    """A check raises it when waiting longer cannot help."""


def until(check: Callable[[], object], what: str, limit: float) -> None:
    """Call `check` until it neither raises nor returns False; raise TimeLimitError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while (reason := _failure(check)) is not None:
        if time.monotonic() >= deadline:
            raise TimeLimitError(f"waited {limit:g} s for {what}: {reason}")
        time.sleep(0.1)


def _failure(check: Callable[[], object]) -> str | None:
    """Return why the condition is not met, None when it is."""
    try:
        return "not yet" if check() is False else None
    except GiveUpError:
        raise
    except Exception as error:  # noqa: BLE001 - a server that is starting can fail in any way
        return str(error) or type(error).__name__


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
