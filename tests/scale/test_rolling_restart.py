"""Rolling restart of all programs under load, as a new release is deployed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dev.commands import restart
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from tests.e2e.support.client import NewClient
from tests.scale.support.workload import Workload


@pytest.mark.timeout(240)
def test_rolling_restart_fails_no_request_and_loses_and_repeats_nothing(
    platform: Instance, new_user: NewClient
) -> None:
    """One process after the other of each program, all programs at the same time."""

    def restart_program(program: str) -> None:
        for process in platform.control.replicas(program):
            restart.restart(platform, process.name)

    workload = Workload(new_user)
    with workload.running(), ThreadPoolExecutor() as pool:
        list(pool.map(restart_program, (*SERVICES, GATEWAY)))
    assert workload.failures == []
    workload.check_inboxes()
    workload.check_mails(platform)
    workload.check_sms(platform)
