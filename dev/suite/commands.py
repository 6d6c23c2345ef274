"""`make check`, `make unit`, `make try`, `make test` and `make test-scale`."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from dev import DevError
from dev.machine import lock
from dev.machine.files import INSTANCES, ROOT
from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.platform.programs import DATABASE_OWNERS
from dev.servers import ALL, private
from dev.suite.runner import Result, Runner, summarise
from dev.suite.steps import AT_ONCE, CHECKS, TEST, TEST_SCALE, TRY, UNIT, Lane, Step


def check() -> int:
    """Run all checks, two at the same time."""
    return _run([Lane("", (step,)) for step in CHECKS], _without_servers, at_once=2)


def unit(only: str = "tests/unit") -> int:
    """Run the unit tests, or some of them."""
    return _run([Lane("", (replace(UNIT, folders=(_existing(only),)),))], _without_servers)


def try_one(only: str = "") -> int:
    """Run a test, a file or a folder. The servers it needs keep running for the next call."""
    path = _existing(only)
    lanes = [replace(lane, steps=steps) for lane in TRY if (steps := tuple(narrowed(lane, path)))]
    if not lanes:
        raise DevError(f"{path} is in no folder of tests: see dev/suite/steps.py")
    return _run(lanes, _with_kept_servers)


def all_tests() -> int:
    """Run all checks and tests."""
    return _test(TEST)


def scale_tests() -> int:
    """Run the end-to-end tests with two processes of everything."""
    return _test(TEST_SCALE)


def _test(lanes: Sequence[Lane]) -> int:
    # With servers of the user, lanes would use the same ones.
    at_once = AT_ONCE if len(private(for_tests())) == len(ALL) else 1
    with lock.hold(INSTANCES / "test"):
        try:
            return _run(lanes, _with_new_servers, at_once)
        finally:
            lock.ignore_interrupts()
            for lane in lanes:
                _instance(lane).stop()


def _run(lanes: Sequence[Lane], run_lane: Callable[[Runner, Lane], list[Result]], at_once: int = 1) -> int:
    """Run lanes in threads, print a summary, and return the exit code."""
    runner = Runner()
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(run_lane, runner, lane) for lane in lanes]
        try:
            return summarise([result for future in futures for result in future.result()])
        except BaseException:
            runner.stop()
            raise


def _without_servers(runner: Runner, lane: Lane) -> list[Result]:
    return runner.run_all(lane.steps, os.environ)


def _with_new_servers(runner: Runner, lane: Lane) -> list[Result]:
    instance = _instance(lane)
    instance.delete()
    instance.start_servers()
    results = runner.run_all(lane.steps, _environment(instance, lane), f"{lane.name:>9} | ")
    instance.stop()
    return results


def _with_kept_servers(runner: Runner, lane: Lane) -> list[Result]:
    if not lane.name:
        return _without_servers(runner, lane)
    instance = _instance(lane, quiet=False)
    with lock.hold(instance.directory):
        instance.start_servers()
        _stop_old_applications(instance)
        return runner.run_all(lane.steps, _environment(instance, lane))


def _instance(lane: Lane, *, quiet: bool = True) -> Instance:
    return Instance(lane.name, {**for_tests(), **lane.given}, quiet=quiet)


def _environment(instance: Instance, lane: Lane) -> dict[str, str]:
    return {**for_tests(), **lane.given, **instance.environment, "BARAZA_TEST_INSTANCE": lane.name}


def _stop_old_applications(instance: Instance) -> None:
    """Stop processes that were started before the last change of the code; the tests start them again."""
    files = [file for name in ("chassis", *DATABASE_OWNERS) for file in (ROOT / name).rglob("*.*")]
    changed = max(file.stat().st_mtime for file in [ROOT / "config.yml", *files] if "__pycache__" not in file.parts)
    running = [one for one in instance.control.statuses() if one.group == "applications" and one.pid]
    if any(process.started < changed for process in running):
        instance.control.stop_group("applications")


def _existing(path: str) -> str:
    if not path or not (ROOT / path.partition("::")[0]).exists():
        raise DevError(f"only={path} does not exist: name a test, a file or a folder")
    return path.rstrip("/")


def narrowed(lane: Lane, path: str) -> Iterator[Step]:
    """Yield the steps of a lane that run a path, narrowed to it: it is in a folder of a step, or has such folders."""
    for step in lane.steps:
        inside = [path] if any(f"{path}/".startswith(f"{folder}/") for folder in step.folders) else []
        if folders := inside or [folder for folder in step.folders if folder.startswith(f"{path}/")]:
            yield replace(step, folders=tuple(folders))
