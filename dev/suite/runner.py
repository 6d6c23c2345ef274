"""Run steps with their output on the terminal, and print a summary."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Any, NamedTuple

from dev import DevError
from dev.machine.files import ROOT
from dev.suite.steps import Step


class Result(NamedTuple):
    """The result of a step with the lines of its failed tests; the exit code is None if nothing was run."""

    title: str
    exit_code: int | None = None
    seconds: float = 0
    failures: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The result in words."""
        words = {None: "nothing to run", 0: "passed", -signal.SIGKILL: f"FAILED (killed after {self.seconds:.0f} s)"}
        return words.get(self.exit_code, f"FAILED (exit code {self.exit_code})")


class Runner:
    """Runs steps, also from several threads, until it is stopped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._children: list[subprocess.Popen[str]] = []
        self._stopped = False

    def run_all(self, steps: Iterable[Step], environment: Mapping[str, str], prefix: str = "") -> list[Result]:
        """Run every step, also after a failure, and print its output with a prefix on each line."""
        return [self._run(step, environment, prefix) for step in steps]

    def stop(self) -> None:
        """Interrupt the running steps and start no more."""
        with self._lock:
            self._stopped = True
        for child in self._children:
            child.send_signal(signal.SIGINT)
            _kill_later(child, 60)  # pytest tears its fixtures down, which can stop a platform

    def _run(self, step: Step, environment: Mapping[str, str], prefix: str) -> Result:
        folders, started, failures = step.existing_folders(), time.monotonic(), []
        with self._lock:
            if self._stopped or (step.folders and not folders):
                return Result(step.title)
            child = _start(step, folders, environment)
            self._children.append(child)
        print(f"\n{prefix}--- {step.title}", flush=True)
        timer = _kill_later(child, step.limit)
        with child:
            for line in child.stdout or ():
                print(f"{prefix}{line}", end="", flush=True)
                if line.startswith(("FAILED ", "ERROR ")):  # of pytest's short summary
                    failures.append(line.rstrip())
        timer.cancel()
        return Result(step.title, child.returncode, time.monotonic() - started, tuple(failures))


def summarise(results: list[Result]) -> int:
    """Print a line for each step and the failed tests; return the exit code."""
    print()
    for result in results:
        print(f"  {result.title:<34}{result.seconds:6.1f} s  {result.outcome}")
    bad = [result for result in results if result.exit_code]
    for result in bad:
        print(f"\n  {result.title}: {result.outcome}", *result.failures[:20], sep="\n    ")
    return int(bool(bad))


def _start(step: Step, folders: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a step in a session of its own, with its output in a pipe."""
    if missing := [name for name, source in step.environment.items() if source not in environment]:
        raise DevError(f"set {', '.join(missing)} too: the step “{step.title}” needs it")
    own = {name: environment[source] for name, source in step.environment.items()}
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    pipe: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    command = (*step.command, *folders)
    return subprocess.Popen(command, cwd=ROOT, env={**environment, **own}, start_new_session=True, **pipe)  # noqa: S603 - of `dev.suite.steps`


def _kill_later(child: "subprocess.Popen[str]", seconds: float) -> Timer:
    """Kill a step with its descendants after a time: its output ends only when none of them has the pipe open."""
    timer = Timer(seconds, _kill_group, [child.pid])
    timer.daemon = True
    timer.start()
    return timer


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
