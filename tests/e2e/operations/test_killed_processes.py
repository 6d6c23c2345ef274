"""kill -9 of each process under load: every acknowledged post reaches every active user's inbox once."""

from functools import partial

import pytest

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.load import notified_posts, posting

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
LIMIT = 90  # seconds until every post is in every inbox


def _all_notified(reader: Client, author: Client, texts: set[str]) -> bool:
    return texts <= notified_posts(reader, author).keys()


def _restarted(platform: Instance, process: str, killed: set[int]) -> bool:
    return all(status.pid and status.pid not in killed for status in platform.control.replicas(process))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_acknowledged_is_lost_or_sent_twice(platform: Instance, new_user: NewClient, process: str) -> None:
    author, readers = new_user(), [new_user(notify_by=["realtime"]) for _ in range(2)]
    with posting(author) as posts:
        until(lambda: len(posts.acknowledged) >= 5, "posts before the kill", 30)
        killed = {status.pid for status in platform.control.replicas(process)}
        platform.control.kill(process)
        until(partial(_restarted, platform, process, killed), f"{process} to be restarted", 30)
        count = len(posts.acknowledged)
        until(lambda: len(posts.acknowledged) >= count + 5, "posts after the kill", 60)
    acknowledged = set(posts.acknowledged)
    for reader in readers:
        until(partial(_all_notified, reader, author, acknowledged), "every post in the inbox", LIMIT)
        assert set(notified_posts(reader, author).values()) == {1}
