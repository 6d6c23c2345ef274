"""kill -9 under a trickle of posts: what was acknowledged reaches every active user's inbox, once."""

from collections.abc import Callable
from functools import partial

import pytest

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.person import Person
from tests.e2e.support.trickle import notified_posts, posting

Make = Callable[..., Person]
PROCESSES = [
    "feeds.service",
    "notifications.service",
    "notifications.deliveries",
    "users.service",
    "gateway.service",
    "gateway.app",
    "rabbitmq",
    "redis",
    "postgresql",
]
SETTLE = 90  # seconds


def _knows_all(reader: Person, author: Person, texts: set[str]) -> bool:
    return texts <= notified_posts(reader, author).keys()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_acknowledged_is_lost_or_sent_twice(platform: Instance, new_user: Make, process: str) -> None:
    author, readers = new_user(), [new_user(notify_by=["realtime"]) for _ in range(2)]
    with posting(author) as trickle:
        until(lambda: len(trickle.acknowledged) >= 5, "posts before the kill", 30)
        platform.control.kill(process)
        platform.control.wait_running(process)
        reached = len(trickle.acknowledged)
        until(lambda: len(trickle.acknowledged) >= reached + 5, "posts after the kill", 60)
    acknowledged = set(trickle.acknowledged)
    for reader in readers:
        until(partial(_knows_all, reader, author, acknowledged), "every post in the inbox", SETTLE)
        assert set(notified_posts(reader, author).values()) == {1}
