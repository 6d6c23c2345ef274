"""Processes that kill themselves exactly between two steps: nothing is lost or doubled.

Each point is armed for one program, handler or RPC method after another while users write and read.
"""

import itertools

import pytest

from dev.platform.instance import Instance
from tests.faults.support.hook_files import Hooks, crash
from tests.faults.support.ledger import Ledger
from tests.faults.support.observation import violations
from tests.faults.support.rounds import Result
from tests.faults.support.settings import CRASHES, LONG
from tests.faults.support.workload import Workload

POINTS = {
    # After the commit of a transaction with events, before they are published.
    "commit": ("feeds.service", "notifications.service"),
    # After events were confirmed, before their rows are removed from the outbox.
    "publish": ("feeds.service", "notifications.service"),
    # After the commit of an event handler, before it acknowledges the event.
    "handler": ("notifications.on_post_created", "notifications.on_post_updated"),
    # After the commit of an RPC method, before its reply.
    "reply": ("feeds.create", "feeds.edit", "users.login"),
}

pytestmark = pytest.mark.timeout(0 if LONG else 120)


@pytest.mark.parametrize("point", POINTS)
def test_crash_between_two_steps_loses_and_doubles_nothing(platform: Instance, hooks: Hooks, point: str) -> None:
    ledger = Ledger()
    with Workload(platform, ledger) as workload:
        with workload.running():
            for target in itertools.islice(itertools.cycle(POINTS[point]), CRASHES):
                with ledger.injecting(f"crash at {point}", target):
                    crash(platform, hooks, point, target)
        result = Result(ledger, violations(workload))
    print(result)  # noqa: T201 - the report of `make faults`
    assert not result.violations, str(result)
