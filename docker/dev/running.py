"""Runs the steps of the suite with their output on the terminal, and sums up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
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
_TOLD = ("FAILED ", "ERROR ")  # how a line of pytest's short summary begins
_NAMED = 20  # failures that are named again at the end


@dataclass(frozen=True)
class Result:
    """What became of a step, and the tests that failed in it with their reasons."""

    title: str
    seconds: float
    outcome: str
    failures: tuple[str, ...] = ()

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
        folders = [folder for folder in step.folders if (ROOT / folder).exists()]
        if step.folders and not folders:
            return Result(step.title, 0, _NOTHING)
        environment |= {name: _filled(value, step, environment) for name, value in step.environment.items()}
        command = [*(_filled(word, step, environment) for word in step.command), *folders]
        print(f"\n{margin}--- {step.title}", flush=True)
        with self._lock:
            if self._stopped:
                return Result(step.title, 0, "not run")
            child = _start(command, environment)
            self._children.add(child)
        started = time.monotonic()
        failures = tuple(self._follow(child, margin))
        seconds = time.monotonic() - started
        return Result(step.title, seconds, _outcome(child.returncode, seconds), failures)

    def _follow(self, child: "subprocess.Popen[str]", margin: str) -> Iterator[str]:
        """Print what a step says until it ends, or is killed at the limit; yield the failures that it names."""
        limit = Timer(_LIMIT, _kill, [child])
        limit.start()
        with child:  # which waits for its end
            for line in child.stdout or ():
                print(f"{margin}{line}", end="", flush=True)
                if line.startswith(_TOLD):
                    yield line.rstrip()
        limit.cancel()
        self._children.discard(child)


def summarise(results: Iterable[Result]) -> int:
    """Print a line for each step, and what failed once more; the answer is the exit code, 0 only if all are good."""
    print()
    bad = []
    for result in results:
        print(f"  {result.title:<34}{result.seconds:6.1f} s  {result.outcome}")
        if not result.good:
            bad.append(result)
    # Steps run side by side, so their failures stand far apart above; who sees only the end shall see them too.
    for result in bad:
        print(f"\n  {result.title}: {result.outcome}", *result.failures[:_NAMED], sep="\n    ")
    return int(bool(bad))


def _outcome(returncode: int, seconds: float) -> str:
    if seconds >= _LIMIT:
        return f"FAILED (not done after {_LIMIT} s)"
    return _PASSED if returncode == 0 else f"FAILED (exit code {returncode})"


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
