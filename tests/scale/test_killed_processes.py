"""One of two processes of each program is killed, one after the other: what people notice, and what is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from dev.commands import restart
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES
from tests.e2e.support.person import Person
from tests.scale.support.life import NO_ANSWER, Life

# What deliveries had in hand is taken up again after a minute, so it is killed first and looked at last.
PROGRAMS = ("notifications.deliveries", *(one for one in SERVICES if one != "notifications.deliveries"), GATEWAY)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def survivors(platform: Instance) -> Iterator[Life]:
    """People who went on while of each program one of two processes was killed, one after the other."""
    with ExitStack() as stack:
        life = Life(partial(_new_user, stack, platform.environment["BARAZA_URL"]))
        with life.going_on():
            for program in PROGRAMS:
                life.during, victim = program, f"{program}-1"
                with restart.serving_again(platform, victim):
                    platform.control.kill(victim)
                    platform.control.wait_running(victim)
        yield life


def _new_user(stack: ExitStack, url: str, **account: object) -> Person:
    person = Person(url)
    stack.callback(person.leave)
    person.register(**account)
    person.login()
    return person


def test_killed_process_loses_nothing_and_fails_requests_only_at_a_gateway(survivors: Life) -> None:
    noticed = {program: set[int]() for program in PROGRAMS}
    for failure in survivors.failures:
        noticed[failure.during].add(failure.status)
    # A service's other process does what the killed one had begun. A gateway's lines break, and for some seconds more
    # the key of a request that it had begun is held.
    assert noticed.pop(GATEWAY) <= {NO_ANSWER, 409, 502}, survivors.failures
    assert set().union(*noticed.values()) <= {503, 504}, survivors.failures
    survivors.all_know()


def test_killed_sender_repeats_emails_and_never_an_sms(platform: Instance, survivors: Life) -> None:
    survivors.all_got_mail(platform, maybe_twice=True)
    survivors.all_got_texts(platform, maybe_unknown=True)
