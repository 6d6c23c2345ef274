"""Runs the steps of the suite with their output on the terminal, and sums up."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.dev.environment import MissingVariableError
from docker.dev.places import ROOT
from docker.dev.suite import Step

_LIMIT = 1800  # seconds a step
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


def run_all(steps: Iterable[Step], environment: Mapping[str, str]) -> list[Result]:
    """Run every step, also after a failure."""
    commands = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return [_result(step, {**environment, "PATH": commands}) for step in steps]


def summarise(results: Iterable[Result]) -> int:
    """Print a line for each step; the answer is the exit code, 0 only if all are good."""
    print()
    failed = False
    for result in results:
        print(f"  {result.title:<34}{result.seconds:6.1f} s  {result.outcome}")
        failed = failed or not result.good
    return int(failed)


def _result(step: Step, environment: dict[str, str]) -> Result:
    folders = [folder for folder in step.folders if (ROOT / folder).is_dir()]
    if step.folders and not folders:
        return Result(step.title, 0, _NOTHING)
    print(f"\n--- {step.title}", flush=True)
    started = time.monotonic()
    outcome = _outcome([*_words(step, environment), *folders], environment)
    return Result(step.title, time.monotonic() - started, outcome)


def _words(step: Step, environment: Mapping[str, str]) -> list[str]:
    try:
        return [word.format_map(environment) for word in step.command]
    except KeyError as error:
        raise MissingVariableError(f"set {error.args[0]} too: the step “{step.title}” needs it") from error


def _outcome(command: list[str], environment: dict[str, str]) -> str:
    try:
        result = subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=_LIMIT)  # noqa: S603  ours
    except subprocess.TimeoutExpired:
        return f"FAILED (not done after {_LIMIT} s)"
    return _PASSED if result.returncode == 0 else f"FAILED (exit code {result.returncode})"
