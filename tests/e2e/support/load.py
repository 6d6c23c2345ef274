"""People who keep asking, while something is done to the platform."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import requests

from tests.e2e.support.repeating import repeating

PAUSE = 0.005  # seconds between two requests of one thread

Ask = Callable[[], requests.Response]


@contextmanager
def asking(*asks: Ask) -> Iterator["Counter[Any]"]:
    """Send each request again and again until the block ends; count the answers by status, and by error."""
    seen: Counter[Any] = Counter()

    def ask(request: Ask) -> None:
        try:
            seen[request().status_code] += 1
        except requests.RequestException as error:
            seen[type(error).__name__] += 1

    with repeating(*(partial(ask, request) for request in asks), pause=PAUSE):
        yield seen
