"""Runs the steps of the suite with their output on the terminal, and sums up."""

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

from docker.dev.environment import MissingVariableError
from docker.dev.places import ROOT
from docker.dev.suite import Step

_LIMIT = 900  # seconds a step
_FAREWELL = 60  # seconds for a step that is told to end; end-to-end tests stop a platform
_PASSED, _NOTHING = "passed", "no tests"


@dataclass(frozen=True)
class Result:
    """What became of a step."""

    title: str
    seconds: float
    outcome: str

    @property
    def good(self) -> bool:
        """Whether it passed, or there was nothing to do."""
        return self.outcome in {_PASSED, _NOTHING}


class Runner:
    """Runs steps, from several threads if need be, until it is stopped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._children: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run_all(self, steps: Iterable[Step], environment: Mapping[str, str], margin: str = "") -> list[Result]:
        """Run every step, also after a failure; each line that they print gets the margin in front of it."""
        commands = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        return [self._result(step, {**environment, "PATH": commands}, margin) for step in steps if not self._stopped]

    def stop(self) -> None:
        """End what runs, and begin nothing any more."""
        with self._lock:
            self._stopped = True
            children = list(self._children)
        for child in children:
            child.send_signal(signal.SIGINT)  # pytest then takes its fixtures down
        for child in children:
            try:
                child.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                _kill(child)

    def _result(self, step: Step, environment: dict[str, str], margin: str) -> Result:
        folders = [folder for folder in step.folders if (ROOT / folder).is_dir()]
        if step.folders and not folders:
            return Result(step.title, 0, _NOTHING)
        environment |= {name: _filled(value, step, environment) for name, value in step.environment.items()}
        command = [*(_filled(word, step, environment) for word in step.command), *folders]
        print(f"\n{margin}--- {step.title}", flush=True)
        started = time.monotonic()
        outcome = self._outcome(command, environment, margin)
        return Result(step.title, time.monotonic() - started, outcome)

    def _outcome(self, command: list[str], environment: dict[str, str], margin: str) -> str:
        with self._lock:
            if self._stopped:
                return "not run"
            child = _start(command, environment)
            self._children.add(child)
        limit = Timer(_LIMIT, _kill, [child])
        limit.start()
        started = time.monotonic()
        with child:  # which waits for its end
            for line in child.stdout or ():
                print(f"{margin}{line}", end="", flush=True)
        limit.cancel()
        self._children.discard(child)
        if time.monotonic() - started >= _LIMIT:
            return f"FAILED (not done after {_LIMIT} s)"
        return _PASSED if child.returncode == 0 else f"FAILED (exit code {child.returncode})"


def summarise(results: Iterable[Result]) -> int:
    """Print a line for each step; the answer is the exit code, 0 only if all are good."""
    print()
    failed = False
    for result in results:
        print(f"  {result.title:<34}{result.seconds:6.1f} s  {result.outcome}")
        failed = failed or not result.good
    return int(failed)


def _start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a step; what it says comes by a pipe, so that the lines of several do not get mixed up."""
    return subprocess.Popen(  # noqa: S603  the suite's own commands
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
    """Kill a step with all that it started: as long as one of them holds the pipe, its end is not seen."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _filled(text: str, step: Step, environment: Mapping[str, str]) -> str:
    try:
        return text.format_map(environment)
    except KeyError as error:
        raise MissingVariableError(f"set {error.args[0]} too: the step “{step.title}” needs it") from error
