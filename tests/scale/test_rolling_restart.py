"""Every process is restarted, one after the other, while people go on: what they notice, and what is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from dev.commands import restart
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from tests.e2e.support.person import Person
from tests.scale.support.life import Life


@pytest.mark.timeout(240)
def test_rolling_restart_fails_no_request_and_loses_and_repeats_nothing(
    platform: Instance, new_user: Callable[..., Person]
) -> None:
    """As a new release is rolled out: of each program one process after the other, all programs at the same time."""

    def roll(program: str) -> None:
        for status in platform.control.replicas(program):
            restart.restart(platform, status.name)

    life = Life(new_user)
    with life.going_on(), ThreadPoolExecutor() as pool:
        list(pool.map(roll, (*SERVICES, GATEWAY)))
    assert life.failures == []
    life.all_know()
    life.all_got_mail(platform)
    life.all_got_texts(platform)
