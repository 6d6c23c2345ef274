"""Finding and ending the processes of an instance, and nobody else's.

Every child carries BARAZA_INSTANCE=<directory> in its environment, however it was started and
whoever its parent is by now; that exact marker finds orphans of a killed supervisor too.
"""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from docker.dev.waiting import TimeLimitError, until

MARKER = "BARAZA_INSTANCE"


def marked(directory: Path) -> set[int]:
    """Ids of the living processes that carry the marker of this instance directory."""
    marker = os.fsencode(f"{MARKER}={directory}")
    return {pid for pid in _all() if marker in _words(pid, "environ")} - {os.getpid()}


def serving(data: Path) -> set[int]:
    """Ids of PostgreSQL servers on this data directory.

    Root without CAP_SYS_PTRACE, as in most containers, cannot read another user's environment.
    """
    directory = os.fsencode(data)
    return {pid for pid in _all() if (words := _words(pid, "cmdline")) and _serves(words, directory)}


def _serves(words: list[bytes], data: bytes) -> bool:
    return words[0].endswith(b"/postgres") and data in words[1:]


def descendants(pid: int) -> list[int]:
    """Return the process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for each in _all():
        children.setdefault(_parent(each), []).append(each)
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal those that still live."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def end(find: Callable[[], set[int]], patience: float = 10, limit: float = 10) -> int:
    """End what `find` finds, also what appears meanwhile: TERM, then KILL; the answer is how many it met."""
    told: set[int] = set()

    def gone() -> bool:
        pids = find()
        send(pids - told, signal.SIGTERM)  # once each: a second one would cut an orderly end short
        told.update(pids)
        return not pids

    def killed() -> bool:
        pids = find()
        send(pids, signal.SIGKILL)
        return not pids

    try:
        until(gone, "processes to end by themselves", patience)
    except TimeLimitError:
        until(killed, "killed processes to be gone", limit)
    return len(told)


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _words(pid: int, file: str) -> list[bytes]:
    """Return the zero-separated words of a /proc file; none if the process is gone or not ours to see."""
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0")
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        # The name stands in brackets and may hold anything; the parent is the second field after it.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
