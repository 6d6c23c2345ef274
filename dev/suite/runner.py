"""Run steps with their output on the terminal, and print a summary."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer

from dev import DevError
from dev.machine.files import ROOT
from dev.suite.steps import Step

_LIMIT = 900  # seconds for a step
_FAILURE = ("FAILED ", "ERROR ")  # how a line of pytest's short summary begins
_MOST = 20  # failures of a step in the summary


@dataclass(frozen=True)
class Result:
    """The result of a step, with the names of failed tests; `exit_code` is None if nothing was run."""

    title: str
    seconds: float = 0
    exit_code: int | None = None
    failures: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The result in words."""
        if self.seconds >= _LIMIT:
            return f"FAILED (took more than {_LIMIT} s)"
        words = {None: "nothing to run", 0: "passed"}
        return words.get(self.exit_code, f"FAILED (exit code {self.exit_code})")


class Runner:
    """Runs steps, also from several threads, until it is stopped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._children: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run_all(self, steps: Iterable[Step], environment: Mapping[str, str], prefix: str = "") -> list[Result]:
        """Run every step, also after a failure, and print its output with a prefix on each line."""
        return [self._run(step, environment, prefix) for step in steps]

    def stop(self) -> None:
        """Interrupt the running steps and start no more."""
        with self._lock:
            self._stopped = True
        for child in self._children:
            child.send_signal(signal.SIGINT)  # pytest then tears its fixtures down, which can stop a platform
            timer = Timer(60, _kill, [child])
            timer.daemon = True
            timer.start()

    def _run(self, step: Step, environment: Mapping[str, str], prefix: str) -> Result:
        folders = step.existing_folders()
        with self._lock:
            if self._stopped or (step.folders and not folders):
                return Result(step.title)
            child = _start((*step.command, *folders), _step_environment(step, environment))
            self._children.add(child)
        print(f"\n{prefix}--- {step.title}", flush=True)
        started, failures = time.monotonic(), []
        timer = Timer(_LIMIT, _kill, [child])
        timer.start()
        with child:
            for line in child.stdout or ():
                print(f"{prefix}{line}", end="", flush=True)
                if line.startswith(_FAILURE):
                    failures.append(line.rstrip())
        timer.cancel()
        self._children.discard(child)
        return Result(step.title, time.monotonic() - started, child.returncode, tuple(failures))


def summarise(results: Iterable[Result]) -> int:
    """Print a line for each step and the failed tests; return the exit code."""
    found = list(results)
    print()
    for result in found:
        print(f"  {result.title:<34}{result.seconds:6.1f} s  {result.outcome}")
    bad = [result for result in found if result.exit_code]
    for result in bad:
        print(f"\n  {result.title}: {result.outcome}", *result.failures[:_MOST], sep="\n    ")
    return int(bool(bad))


def _step_environment(step: Step, environment: Mapping[str, str]) -> dict[str, str]:
    if missing := [name for name, source in step.environment.items() if source not in environment]:
        raise DevError(f"set {', '.join(missing)} too: the step “{step.title}” needs it")
    own = {name: environment[source] for name, source in step.environment.items()}
    return {**environment, **own, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}


def _start(command: tuple[str, ...], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a step in a session of its own, with its output in a pipe."""
    return subprocess.Popen(  # noqa: S603 - the commands of `dev.suite.steps`
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _kill(child: "subprocess.Popen[str]") -> None:
    """Kill a step with its descendants: its output ends only when none of them has the pipe open."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
