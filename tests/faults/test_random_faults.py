"""Random faults under load: nothing is lost or doubled, no ended session accepted, no valid request rejected."""

import json
import os
from collections.abc import Sequence

import pytest

from dev.platform.instance import Instance
from tests.faults.support import rounds
from tests.faults.support.fault_kinds import targets
from tests.faults.support.nemesis import Fault, schedule
from tests.faults.support.settings import LONG, ROUND, ROUNDS, SEED, SHRINK
from tests.faults.support.workload import Size

KILL_INTERVAL = 2  # seconds
SIZE = Size(authors=4, readers=8, pause=0.1) if LONG else Size()

pytestmark = pytest.mark.timeout(0 if LONG else 170)


def test_every_promise_holds_when_each_process_and_server_is_killed(platform: Instance) -> None:
    check(platform, kill_each(targets(platform)["kill"]), SEED)


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_every_promise_holds_under_random_faults(platform: Instance, seed: int) -> None:
    faults = schedule(seed, ROUND, targets(platform))
    if given := os.environ.get("FAULTS"):
        faults = [Fault(**one) for one in json.loads(given)]
    check(platform, faults, seed)


def check(platform: Instance, faults: Sequence[Fault], seed: int) -> None:
    """Inject faults into a platform under load, and fail if a promise was broken."""
    print(f"\nseed {seed}")  # noqa: T201 - the report of `make faults`
    result = rounds.run(platform, faults, seed, SIZE)
    print(result)  # noqa: T201 - as above
    if result.violations:
        pytest.fail(f"{result}\n{rounds.explain(platform, faults, seed, SIZE, shrink=SHRINK)}", pytrace=False)


def kill_each(processes: Sequence[str]) -> list[Fault]:
    """Kill every process once; deliveries first, because what it was sending is taken over after a minute."""
    first_to_last = sorted(processes, key=lambda name: not name.startswith("notifications.deliveries"))
    return [Fault(float(KILL_INTERVAL * number), "kill", name, 1) for number, name in enumerate(first_to_last)]
