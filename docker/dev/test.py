"""`make test`: every check and test, against private servers that start before and end after them.

`python -m docker.dev.test scale` is `make test-scale`: the end-to-end tests with two processes of everything.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from docker.dev.environment import DECIDED_BY, for_tests, private
from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.running import Result, Runner, summarise
from docker.dev.signals import interruptible, uninterrupted
from docker.dev.sole import owner
from docker.dev.steps import Steps
from docker.dev.suite import AT_ONCE, LANES, SCALE, Lane

_NAME = "test"
_CHOICE = {"all": LANES, "scale": SCALE}
_WIDTH = max(len(lane.name) for lane in LANES)
_INTERRUPTED = 130  # as shells say it


def main(choice: str = "all") -> int:
    """Return the exit code: 0 only if every step passed."""
    interruptible()
    try:
        with owner(_NAME):
            return summarise(_results(_CHOICE[choice]))
    except EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return _INTERRUPTED


def _results(lanes: Sequence[Lane]) -> list[Result]:
    """Run the lanes side by side, or one after the other where they would meet on servers of the user's own."""
    workers = AT_ONCE if private(for_tests()) == DECIDED_BY.keys() else 1
    instances = [Instance(lane.name, {**for_tests(), **lane.given}, Steps(margin=_margin(lane))) for lane in lanes]
    runner = Runner()
    try:
        with ThreadPoolExecutor(workers) as pool:
            walks = [pool.submit(_walk, lane, mine, runner) for lane, mine in zip(lanes, instances, strict=True)]
            try:
                return [result for walk in walks for result in walk.result()]
            except BaseException:
                runner.stop()
                raise
    finally:
        with uninterrupted():
            for instance in instances:
                instance.stop()


def _walk(lane: Lane, instance: Instance, runner: Runner) -> list[Result]:
    """Run a lane's steps, from nothing: what the last run left behind is deleted."""
    instance.delete()
    instance.start_servers()
    environment = {**for_tests(), **lane.given, **instance.environment, "BARAZA_TEST_INSTANCE": lane.name}
    results = runner.run_all(lane.steps, environment, _margin(lane))
    instance.stop()
    return results


def _margin(lane: Lane) -> str:
    return f"{lane.name:>{_WIDTH}} | "


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
