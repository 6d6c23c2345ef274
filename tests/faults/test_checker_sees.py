"""With a guard switched off the same faults lose or double something, and the checker sees it.

Reconciliation is switched off as well: it finds what relay and retries lose.
"""

from dev.platform.instance import Instance
from tests.faults.support.fault_kinds import KINDS
from tests.faults.support.hook_files import Hooks, crash
from tests.faults.support.ledger import Ledger
from tests.faults.support.observation import violations
from tests.faults.support.workload import Size, Workload

SMALL = Size(authors=2, readers=2, opt_outs=0, sessions=4, updates=0)  # so each event that is lost is of a new post
LIMIT = 8  # seconds; with the guard everything is complete after a few


def test_lost_event_without_the_relay_is_seen(platform: Instance, hooks: Hooks) -> None:
    assert "post is missing in the inbox" in broken_by_crash(platform, hooks, "relay", "commit", "feeds.service")


def test_doubled_post_without_idempotency_keys_is_seen(platform: Instance, hooks: Hooks) -> None:
    assert "post is stored more than once" in broken_by_crash(platform, hooks, "idempotency", "reply", "feeds.create")


def test_failing_handler_without_retries_is_seen(platform: Instance, hooks: Hooks) -> None:
    with Workload(platform, Ledger(), SMALL) as workload, hooks.switched_off("retry", "reconciliation"):
        with workload.running(), KINDS["restart"](platform, "postgresql"):
            pass
        assert "post is missing in the inbox" in {one.rule for one in violations(workload, LIMIT)}


def broken_by_crash(platform: Instance, hooks: Hooks, guard: str, point: str, target: str) -> set[str]:
    """Return the rules that a crash breaks while a guard is switched off.

    Every client repeats its requests: a call whose service is restarted after the deadline is not delivered again.
    """
    with Workload(platform, Ledger(patient=1), SMALL) as workload, hooks.switched_off(guard, "reconciliation"):
        with workload.running():
            crash(platform, hooks, point, target)
        return {violation.rule for violation in violations(workload, LIMIT)}
