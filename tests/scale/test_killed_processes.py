"""kill -9 of one of two processes of each program under load: which requests fail, and what is delivered."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from dev.commands import restart
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from tests.e2e.support.client import Client
from tests.scale.support.workload import NO_RESPONSE, Workload

# The deliveries of a killed process are taken over after a minute, so it is killed first and checked last.
PROGRAMS = ("notifications.deliveries", *(name for name in SERVICES if name != "notifications.deliveries"), GATEWAY)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def workload(platform: Instance) -> Iterator[Workload]:
    """Run a workload while one process of each program after the other is killed."""
    with ExitStack() as stack:
        workload = Workload(partial(_new_user, stack, platform.environment["BARAZA_URL"]))
        with workload.running():
            for program in PROGRAMS:
                workload.during, process = program, f"{program}-1"
                with restart.serving_again(platform, process):
                    platform.control.kill(process)
                    platform.control.wait_running(process)
        yield workload


def _new_user(stack: ExitStack, url: str, **account: object) -> Client:
    user = Client(url)
    stack.callback(user.logout_and_close)
    user.register(**account)
    user.login()
    return user


def test_killed_process_loses_nothing_and_fails_requests_only_at_a_gateway(workload: Workload) -> None:
    statuses = {program: set[int]() for program in PROGRAMS}
    for failure in workload.failures:
        statuses[failure.during].add(failure.status)
    # The other process of a service takes over the requests of the killed one. The connections of a killed gateway
    # break, and it holds the idempotency key of a running request for some seconds more.
    assert statuses.pop(GATEWAY) <= {NO_RESPONSE, 409, 502}, workload.failures
    assert set().union(*statuses.values()) <= {503, 504}, workload.failures
    workload.check_inboxes()


def test_killed_sender_repeats_emails_and_never_an_sms(platform: Instance, workload: Workload) -> None:
    workload.check_mails(platform, repeated=True)
    workload.check_sms(platform, unknown=True)
