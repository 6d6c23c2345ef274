"""Repeats a function in a thread while a test runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LIMIT = 30  # seconds for the first time


@contextmanager
def repeating(*actions: Callable[[], object], pause: float) -> Iterator[None]:
    """Do each action in a thread of its own, with so many seconds between, until the block ends.

    Each is done at least once before the block begins, and once more after it ends.
    """
    enough = threading.Event()
    begun = [threading.Event() for _ in actions]

    def repeat(action: Callable[[], object], begun: threading.Event) -> None:
        last = False
        while not last:
            last = enough.wait(pause)
            action()
            begun.set()

    threads = [threading.Thread(target=repeat, args=pair) for pair in zip(actions, begun, strict=True)]
    for thread in threads:
        thread.start()
    try:
        for event in begun:
            assert event.wait(LIMIT), "an action never ended"
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()
