"""One `make run` per instance: a lock that its process holds for as long as it lives, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docker.dev import places

FILE = "lock"


class AlreadyRunsError(Exception):
    """Another process runs this instance; the text says which and how to end it."""


@contextmanager
def owner(name: str) -> Iterator[None]:
    """Hold the instance's lock; AlreadyRunsError at once if another process does."""
    directory = places.instance(name)
    places.create(directory)
    with (directory / FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            process = holder(directory)
            raise AlreadyRunsError(f"{name} runs already, in process {process}: `make stop` ends it") from None
        file.truncate(0)
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def holder(directory: Path) -> int | None:
    """Return the process that holds the lock of an instance, None if nobody does."""
    file = directory / FILE
    if not file.exists():
        return None
    with file.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(stream.read() or 0) or None
    return None
