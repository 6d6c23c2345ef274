"""A lock on an instance, so that one command at a time runs it. The lock ends with its process, however that ends."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dev import DevError
from dev.machine.files import create_instance_directory

FILE = "lock"


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Hold the lock of an instance; raise DevError at once if another process does."""
    create_instance_directory(directory)
    with (directory / FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DevError(f"process {holder(directory)} runs {directory} already: `make stop` ends it") from None
        file.truncate(0)
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def holder(directory: Path) -> int | None:
    """Return the id of the process that holds the lock, None if there is none."""
    with suppress(FileNotFoundError), (directory / FILE).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0) or None
    return None


def ignore_interrupts() -> None:
    """Ignore Ctrl-C and SIGTERM from now on: a second Ctrl-C must not leave a platform half stopped."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
