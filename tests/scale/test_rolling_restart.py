"""Every process is restarted or killed, one after the other, while people go on: what they notice, and what is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from docker.dev import restart
from docker.dev.instance import Instance
from docker.dev.programs import GATEWAY, SERVICES
from tests.e2e.support.person import Person
from tests.scale.support.life import NO_ANSWER, Life

Make = Callable[..., Person]
PROGRAMS = (*SERVICES, GATEWAY)


@pytest.mark.timeout(240)
def test_a_rolling_restart_is_noticed_by_nobody_and_nothing_is_lost_or_told_twice(
    platform: Instance, newcomer: Make
) -> None:
    """As a new release is rolled out: of each program one process after the other, all programs at the same time."""

    def roll(program: str) -> None:
        for status in platform.control.replicas(program):
            restart.restart(platform, status.name)

    life = Life(newcomer)
    with life.going_on(), ThreadPoolExecutor() as pool:
        list(pool.map(roll, PROGRAMS))
    assert life.failures == []
    life.ends_well(platform)


@pytest.mark.timeout(240)
def test_what_was_in_the_hands_of_a_process_that_is_killed_is_done_once_in_the_end(
    platform: Instance, newcomer: Make
) -> None:
    life = Life(newcomer)
    with life.going_on():
        for program in PROGRAMS:
            life.during, victim = program, f"{program}-1"
            with restart.back_again(platform, victim):
                platform.control.kill(victim)
                platform.control.wait_running(victim)
    noticed = {GATEWAY: set[int](), **{program: set[int]() for program in SERVICES}}
    for failure in life.failures:
        noticed[failure.during].add(failure.status)
    # A service's other process does what the killed one had begun. A gateway's lines break, and for some seconds more
    # the key of a request that it had begun is held.
    assert noticed.pop(GATEWAY) <= {NO_ANSWER, 409, 502}, life.failures
    assert set().union(*noticed.values()) <= {503, 504}, life.failures
    life.ends_well(platform)
