"""Somebody deletes their account: their inbox goes, and their name and words in the inboxes of others."""

from collections.abc import Callable

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook

from chassis import clock
from notifications.cleanup import erasure
from tests.integration.notifications.conftest import Publish, Rows, Until, user
from tests.integration.notifications.people import People
from tests.integration.support.rpc import GATEWAY, Rpc
from users.contract import AccountErased

Leave = Callable[[str], None]


@pytest.fixture
def leave(told: ServiceRunner, monkeypatch: pytest.MonkeyPatch) -> Leave:
    """Run the handler twice, as for every event that comes again; in batches of two rows."""
    monkeypatch.setattr(erasure, "BATCH", 2)
    container = next(one for one in told.containers if one.service_name == "notifications")

    def leave(user_id: str) -> None:
        for _ in range(2):
            with entrypoint_hook(container, "on_account_erased") as handler:
                handler(AccountErased(id=user_id, erased_at=clock.now()))

    return leave


def test_their_inbox_and_deliveries_go_and_those_of_others_stay(
    people: People, publish: Publish, rows: Rows, until: Until, leave: Leave
) -> None:
    author, ada, ben = people.add("author"), people.add("ada", "email"), people.add("ben", "email")
    for _ in range(5):
        publish(author)
    until(lambda: len(rows("notifications", done=True)) == 5)
    leave(ada)
    for table in ("inbox", "deliveries"):
        assert [row["user_id"] for row in rows(table)] == [ben] * 5


def test_their_name_and_words_go_from_the_inboxes_of_others(  # noqa: PLR0913, PLR0917 - each is needed
    people: People, publish: Publish, rows: Rows, until: Until, leave: Leave, rpc: Rpc
) -> None:
    author, other, ben = people.add("author"), people.add("other"), people.add("ben")
    posts = [publish(author, f"number {number}") for number in range(5)]
    publish(other, "stays")
    until(lambda: len(rows("notifications", done=True)) == 6)
    leave(author)
    kept, *redacted = rpc("notifications.inbox", user(ben))["items"]
    assert kept["message"] == "stays"
    assert {(item["title"], item["message"]) for item in redacted} == {("[deleted] posted", "This post was deleted.")}
    assert [item["data"] for item in redacted] == [
        {"post_id": post.id, "author_id": author, "author_username": "[deleted]", "deleted": True}
        for post in posts[::-1]
    ]
    replay = rpc("notifications.missed", GATEWAY, user_id=ben, since=kept["id"])
    assert {item["id"] for item in replay["changed"]} == {item["id"] for item in redacted}


def test_a_post_that_was_still_on_its_way_is_told_to_nobody(
    people: People, publish: Publish, rows: Rows, until: Until, leave: Leave
) -> None:
    author, other = people.add("author"), people.add("other")
    people.add("ben", "email")
    leave(author)
    publish(author, "too late")
    publish(other, "after it")
    until(lambda: rows("notifications", done=True))
    assert [row["message"] for row in rows("notifications")] == ["after it"]
