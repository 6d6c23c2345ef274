"""Run commands, and find and kill the processes of one instance.

Every process of an instance has BARAZA_INSTANCE=<directory> in its environment, whatever its parent is. So orphans of a
killed supervisor are found too.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from dev import DevError
from dev.machine.files import ROOT
from dev.machine.waiting import until

MARKER = "BARAZA_INSTANCE"


def marked(directory: Path) -> list[psutil.Process]:
    """Return the processes that carry the marker of this instance, without this process."""
    found = [one for one in psutil.process_iter(["environ"]) if one.pid != os.getpid()]
    return [process for process in found if (process.info["environ"] or {}).get(MARKER) == str(directory)]


def postgresql_servers(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL servers on this data directory.

    Root without CAP_SYS_PTRACE, as in most containers, cannot read the environment of another account's process.
    """
    processes = psutil.process_iter(["name", "cmdline"])
    return [one for one in processes if one.info["name"] == "postgres" and str(data) in (one.info["cmdline"] or ())]


def kill_all(directory: Path, data: Path) -> None:
    """Kill the processes of an instance, also those that they start meanwhile. Its servers survive that."""
    until(lambda: not _kill_found(directory, data), "killed processes to end", 10)


def _kill_found(directory: Path, data: Path) -> list[psutil.Process]:
    """Kill the processes that run now, and return them."""
    found = [*marked(directory), *postgresql_servers(data)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return found


def run_command(command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None = None) -> None:
    """Run in the project, or as `user` in `/`, which every account may enter; raise DevError if it fails."""
    account: dict[str, Any] = {"user": user, "group": user, "extra_groups": [], "cwd": "/"} if user else {"cwd": ROOT}
    with log.open("w") as out:
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, "timeout": 120}
        code = subprocess.call(command, env=environment, **options, **account)  # noqa: S603 - our own
    if code:
        raise DevError(f"`{' '.join(command)}` failed, see {log}:\n{last_lines(log)}")


def last_lines(file: Path) -> str:
    """Return the last 30 lines of a file, indented."""
    return "\n".join(f"    {line}" for line in file.read_text(errors="replace").splitlines()[-30:])
