"""Finding and ending an instance's processes by their marker."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docker.dev import processes
from docker.dev.waiting import until

Spawn = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start Python code with a marker; whatever a test leaves is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def _spawn(directory: Path, code: str = "input()") -> subprocess.Popen[bytes]:
        environment = {**os.environ, processes.MARKER: str(directory)}
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        started.append(process)
        return process

    yield _spawn
    for process in started:
        process.kill()
        process.communicate()


def test_only_processes_with_exactly_this_marker_are_found(spawn: Spawn, tmp_path: Path) -> None:
    ours, neighbour = spawn(tmp_path / "run"), spawn(tmp_path / "run2")
    until(lambda: processes.marked(tmp_path / "run") == {ours.pid}, "our process", 10)
    assert processes.marked(tmp_path / "run2") == {neighbour.pid}


def test_an_orphan_of_an_orphan_is_found_and_ended(spawn: Spawn, tmp_path: Path) -> None:
    code = "import os, signal\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: signal.pause()\n"
    spawn(tmp_path, code).wait(10)
    until(lambda: len(processes.marked(tmp_path)) == 1, "the orphan", 10)
    assert processes.end(lambda: processes.marked(tmp_path)) == 1
    assert processes.marked(tmp_path) == set()


def test_a_process_that_does_not_listen_is_killed(spawn: Spawn, tmp_path: Path) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    deaf = spawn(tmp_path, code)
    assert deaf.stdout is not None
    assert deaf.stdout.readline() == b"deaf\n"
    processes.end(lambda: processes.marked(tmp_path), patience=0.5)
    assert deaf.wait(10) == -signal.SIGKILL


def test_the_tree_below_a_process_comes_parents_first(spawn: Spawn, tmp_path: Path) -> None:
    code = "import os, signal\nif os.fork() == 0 and os.fork() == 0: pass\nsignal.pause()"
    top = spawn(tmp_path, code)
    until(lambda: len(processes.descendants(top.pid)) == 3, "two generations", 10)
    assert processes.descendants(top.pid)[0] == top.pid
    processes.end(lambda: processes.marked(tmp_path))
