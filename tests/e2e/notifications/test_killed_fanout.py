"""A post to 20,000 users, and a kill -9 of notifications in the middle."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.data.deliveries import PostDeliveries
from bench.data.users import Inserted, UsersDatabase
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient

USERS = 20_000
LIMIT = 60  # seconds
ATTEMPTS = 10


@pytest.fixture
def inserted(users: UsersDatabase) -> Iterator[Inserted]:
    inserted = users.insert(USERS, 0, emails=0, phones=0)
    yield inserted
    users.delete(inserted)


@pytest.mark.timeout(2 * LIMIT + 60)
def test_each_inbox_has_the_post_once_although_notifications_was_killed_in_between(
    platform: Instance, users: UsersDatabase, inserted: Inserted, new_user: NewClient
) -> None:
    author = new_user()
    post, deliveries = _killed_in_between(platform, author)
    until(lambda: deliveries.progress().notified, "every inbox", LIMIT)
    expected = users.active(post["created_at"]) - {author.id}
    assert inserted.active <= expected
    assert deliveries.inbox() == dict.fromkeys(expected, 1)


def _killed_in_between(platform: Instance, author: Client) -> tuple[dict[str, Any], PostDeliveries]:
    """Create a post and kill notifications after its first page and before its last one."""
    for _ in range(ATTEMPTS):
        post = author.create_post("Karibu, twenty thousand of you.")
        deliveries = PostDeliveries(platform.environment, post["id"])
        until(lambda: deliveries.progress().inbox > 0, "the first page", LIMIT)  # noqa: B023 - called before the next
        platform.control.kill("notifications.service")
        if not deliveries.progress().notified:
            return post, deliveries
    pytest.fail("the fan-out was always complete before the kill")
