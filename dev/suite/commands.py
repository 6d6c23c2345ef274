"""`make check`, `make try`, `make unit`, `make test` and `make test-scale`."""

import os
from collections.abc import Iterator, Sequence
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
from dev.suite.steps import AT_ONCE, AUDIT, CHECKS, FAULTS, TEST, TEST_FIRST, TEST_SCALE, TRY, Lane, Step


def check() -> int:
    """Run all checks, two at the same time."""
    return summarise(_run([Lane("", (step,)) for step in (*CHECKS, AUDIT)], at_once=2))


def try_one(only: str = "") -> int:
    """Run a test, a file or a folder. The servers it needs keep running for the next call."""
    return summarise(_run(_narrowed_lanes(TRY, only), keep=True))


def suite(scale: str = "") -> int:
    """Run all checks and tests; with "scale" the end-to-end tests with two processes of everything."""
    first, lanes = ((), TEST_SCALE) if scale else (TEST_FIRST, TEST)
    with lock.hold(INSTANCES / "test"):
        try:
            results = _run(first, at_once=2)
            # With servers of the user, lanes would use the same ones.
            return summarise(results + _run(lanes, at_once=AT_ONCE if private(for_tests()) == ALL else 1))
        finally:
            lock.ignore_interrupts()
            for lane in lanes:
                Instance(lane.name).stop()


def faults(only: str = "tests/faults") -> int:
    """Inject many more faults than the suite does, for about an hour; `only` is a test, a file or a folder of these."""
    return summarise(_run(_narrowed_lanes([FAULTS], only)))


def _run(lanes: Sequence[Lane], *, at_once: int = 1, keep: bool = False) -> list[Result]:
    """Run lanes in threads, and return the results of their steps. `keep` the servers, or delete old ones first."""
    runner = Runner()
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(_run_lane, runner, lane, keep=keep) for lane in lanes]
        try:
            return [result for future in futures for result in future.result()]
        except BaseException:
            runner.stop()
            raise


def _run_lane(runner: Runner, lane: Lane, *, keep: bool) -> list[Result]:
    if not lane.name:
        return runner.run_all(lane.steps, os.environ)
    given = {**for_tests(), **lane.given}
    instance = Instance(lane.name, given, quiet=not keep)
    with lock.hold(instance.directory):
        if not keep:
            instance.delete()
        instance.start_servers()
        _stop_old_applications(instance)
        environment = {**given, **instance.environment, "BARAZA_TEST_INSTANCE": lane.name}
        results = runner.run_all(lane.steps, environment, "" if keep else f"{lane.name:>10} | ")
        if not keep:
            instance.stop()
    return results


def _stop_old_applications(instance: Instance) -> None:
    """Stop processes that were started before the last change of the code; the tests start them again."""
    files = [file for name in ("chassis", *DATABASE_OWNERS) for file in (ROOT / name).rglob("*.*")]
    changed = max(file.stat().st_mtime for file in [ROOT / "config.yml", *files] if "__pycache__" not in file.parts)
    running = [one for one in instance.control.statuses() if one.group == "applications" and one.pid]
    if any(process.started < changed for process in running):
        instance.control.stop_group("applications")


def _narrowed_lanes(lanes: Sequence[Lane], only: str) -> list[Lane]:
    path = only.rstrip("/")
    if not path or not (ROOT / path.partition("::")[0]).exists():
        raise DevError(f"only={path} does not exist: name a test, a file or a folder")
    found = [replace(lane, steps=steps) for lane in lanes if (steps := tuple(narrowed(lane, path)))]
    if not found:
        raise DevError(f"{path} is in no folder of these tests: see dev/suite/steps.py")
    return found


def narrowed(lane: Lane, path: str) -> Iterator[Step]:
    """Yield the steps of a lane that run a path, narrowed to it: it is in a folder of a step, or has such folders.

    pytest runs a file that is named, even one that the step ignores.
    """
    for step in lane.steps:
        if f"--ignore={path.partition('::')[0]}" in step.command:
            continue
        inside = [path] if any(f"{path}/".startswith(f"{folder}/") for folder in step.folders) else []
        if folders := inside or [folder for folder in step.folders if folder.startswith(f"{path}/")]:
            yield replace(step, folders=tuple(folders))
