"""Processes that kill themselves exactly between two steps: nothing is lost or doubled."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

from dev.platform.instance import Instance
from tests.faults.support.hook_files import Hooks, crash
from tests.faults.support.ledger import Ledger
from tests.faults.support.observation import violations
from tests.faults.support.rounds import Result
from tests.faults.support.settings import CRASHES, LONG
from tests.faults.support.workload import Workload

# The programs, handlers or RPC methods at which each point is armed, one after the other.
POINTS = {
    # After writes with events that share a transaction, before its commit.
    "group": ("feeds.service", "notifications.service"),
    # After the commit of a transaction with events, before they are published.
    "commit": ("feeds.service", "notifications.service"),
    # After events were confirmed, before their rows are removed from the outbox.
    "publish": ("feeds.service", "notifications.service"),
    # After the commit of an event handler, before it acknowledges the event.
    "handler": ("notifications.on_post_created", "notifications.on_post_updated"),
    # After the commit of an RPC method, before its reply.
    "reply": ("feeds.create", "feeds.edit", "users.login"),
}
# All at the same time, and in `make faults` each for itself too.
TOGETHER = [tuple(POINTS), *[(point,) for point in POINTS if LONG]]

pytestmark = pytest.mark.timeout(0 if LONG else 170)


@pytest.mark.parametrize("points", TOGETHER, ids=" and ".join)
def test_crash_between_two_steps_loses_and_doubles_nothing(
    platform: Instance, hooks: Hooks, points: Sequence[str]
) -> None:
    ledger = Ledger()
    if not platform.environment["FEEDS_DB_URI"].startswith("sqlite"):
        points = [point for point in points if point != "group"]  # PostgreSQL has no group commit

    def crash_often(point: str) -> None:
        for target in islice(cycle(POINTS[point]), CRASHES):
            with ledger.injecting(f"crash at {point}", target):
                crash(platform, hooks, point, target)

    with Workload(platform, ledger) as workload:
        with workload.running(), ThreadPoolExecutor() as pool:
            list(pool.map(crash_often, points))
        result = Result(ledger, violations(workload))
    print(result)  # noqa: T201 - the report of `make faults`
    assert not result.violations, str(result)
