"""Waiting for facts, with a limit."""

import time
from collections.abc import Callable

_PAUSE = 0.1


class TimeLimitError(Exception):
    """A fact did not come true in time; the text says which, and the last reason why not."""


class GiveUpError(Exception):
    """Raised by a check when waiting any longer cannot help."""


def until(check: Callable[[], object], what: str, limit: float) -> None:
    """Call `check` until it neither raises nor answers False; TimeLimitError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while (reason := _reason(check)) is not None:
        if time.monotonic() >= deadline:
            raise TimeLimitError(f"waited {limit:g} s for {what}: {reason}")
        time.sleep(_PAUSE)


def _reason(check: Callable[[], object]) -> str | None:
    """Why the fact is not there yet, None when it is."""
    try:
        return "not yet" if check() is False else None
    except GiveUpError:
        raise
    except Exception as error:  # noqa: BLE001  a server that is starting fails in every way there is
        return str(error) or type(error).__name__
