"""A post to 10,000 active users among 2,000 inactive ones."""

import os
from collections.abc import Iterator

import psutil
import pytest

from bench.data.deliveries import PostDeliveries
from bench.data.users import EMAIL_DOMAIN, PHONE_PREFIX, Inserted, UsersDatabase
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient

ACTIVE, INACTIVE = 10_000, 2_000
# Mails and SMS to all of them take minutes; `BARAZA_TEST_SCALE=full` sends them. 600 are six batches of deliveries.
FULL = os.environ.get("BARAZA_TEST_SCALE") == "full"
EMAILS = PHONES = ACTIVE if FULL else 600
NOTIFIED_LIMIT, SENT_LIMIT = 60, 1200 if FULL else 120  # seconds
MEMORY_GROWTH = 48 * 2**20  # bytes; all recipients in memory at once would take more


@pytest.fixture
def inserted(users: UsersDatabase) -> Iterator[Inserted]:
    inserted = users.insert(ACTIVE, INACTIVE, emails=EMAILS, phones=PHONES)
    yield inserted
    users.delete(inserted)


@pytest.mark.timeout(NOTIFIED_LIMIT + SENT_LIMIT + 60)
def test_every_active_user_is_notified_once_by_each_chosen_channel_and_no_other_user(
    platform: Instance, users: UsersDatabase, inserted: Inserted, new_user: NewClient
) -> None:
    author = new_user()
    processes = [psutil.Process(status.pid) for status in platform.control.replicas("notifications.service")]
    memory = [[process.memory_info().rss] for process in processes]

    post = author.create_post("Karibu, ten thousand of you.")
    deliveries = PostDeliveries(platform.environment, post["id"])

    def notified() -> bool:
        for process, sizes in zip(processes, memory, strict=True):
            sizes.append(process.memory_info().rss)
        return deliveries.progress().notified

    until(notified, "every inbox", NOTIFIED_LIMIT)
    expected = users.active(post["created_at"]) - {author.id}
    assert expected & inserted.ids == inserted.active
    assert deliveries.inbox() == dict.fromkeys(expected, 1)
    assert all(max(sizes) - sizes[0] < MEMORY_GROWTH for sizes in memory)

    until(lambda: deliveries.progress().sent, "every mail and SMS", SENT_LIMIT)
    title = f"{author.username} posted"
    assert deliveries.emails(title, EMAIL_DOMAIN) == dict.fromkeys(inserted.emails, 1)
    assert deliveries.sms(title, PHONE_PREFIX) == dict.fromkeys(inserted.phones, 1)
