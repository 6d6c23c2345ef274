"""People who keep asking, while something is done to the platform."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

PAUSE = 0.005  # seconds between two requests of one thread


@contextmanager
def asking(*requests_: Callable[[], requests.Response]) -> Iterator["Counter[Any]"]:
    """Send each request again and again from a thread of its own; count the answers by status, and by error.

    Every request is sent at least once before the block begins and after it ends.
    """
    seen: Counter[Any] = Counter()
    enough = threading.Event()
    begun = [threading.Event() for _ in requests_]

    def ask(request: Callable[[], requests.Response], begun: threading.Event) -> None:
        last = False
        while not last:
            last = enough.wait(PAUSE)
            try:
                seen[request().status_code] += 1
            except requests.RequestException as error:
                seen[type(error).__name__] += 1
            begun.set()

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(requests_, begun, strict=True)]
    for thread in threads:
        thread.start()
    try:
        for event in begun:
            event.wait()
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()
