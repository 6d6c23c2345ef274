"""Rolling restart of all programs under load, as a new release is deployed."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from dev.commands import restart
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from tests.faults.support.ledger import Ledger
from tests.faults.support.observation import observe, violations
from tests.faults.support.workload import Workload


@pytest.mark.timeout(240)
def test_rolling_restart_fails_no_request_and_loses_and_repeats_nothing(platform: Instance) -> None:
    """One process after the other of each program, all programs at the same time."""

    def restart_program(program: str) -> None:
        for process in platform.control.replicas(program):
            restart.restart(platform, process.name)

    ledger = Ledger()
    with Workload(platform, ledger) as workload:
        with workload.running(), ThreadPoolExecutor() as pool:
            list(pool.map(restart_program, (*SERVICES, GATEWAY)))
        assert [entry for entry in ledger.entries if entry.valid and entry.failures] == []
        assert violations(workload) == []
        observed = observe(workload)
    # After a crash a mail may be sent again, and an SMS may be unknown; after an orderly stop neither.
    assert all(_different(name for name, _, _ in mails) for mails in observed.mails.values())
    assert not any(observed.unknown_sms.values())


def _different(names: Iterable[str]) -> bool:
    found = list(names)
    return len(found) == len(set(found))
