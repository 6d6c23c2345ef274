"""A post, and who is told of it."""

from collections.abc import Callable

import pytest

from tests.integration.notifications.conftest import Publish, Rows, Until
from tests.integration.notifications.people import People
from tests.integration.support.events import EventListener

pytestmark = pytest.mark.usefixtures("told")


def finished(rows: Rows, number: int = 1) -> Callable[[], bool]:
    return lambda: len(rows("notifications", done=True)) == number


def test_every_active_user_but_the_author_has_an_inbox_item(
    people: People, publish: Publish, rows: Rows, until: Until
) -> None:
    author = people.add("ada", "realtime")
    others = [people.add(name) for name in ("ben", "cem", "dia", "eva", "fay", "gil")]
    post = publish(author, "Karibu, the bench is open.")
    until(finished(rows))
    (notification,) = rows("notifications")
    assert notification["title"] == "author posted"
    assert notification["message"] == "Karibu, the bench is open."
    assert notification["data"]["post_id"] == notification["source"] == post.id
    assert [row["user_id"] for row in rows("inbox")] == others


def test_a_post_that_is_announced_twice_is_told_once(
    people: People, publish: Publish, rows: Rows, until: Until
) -> None:
    author = people.add("ada")
    others = [people.add(name, "realtime", "email") for name in ("ben", "cem", "dia", "eva")]
    post = publish(author)
    publish(author, event=post)
    publish(author)
    until(finished(rows, 2))
    (once,) = rows("notifications", source=post.id)
    assert [row["user_id"] for row in rows("inbox", notification_id=once["id"])] == others
    assert [row["user_id"] for row in rows("deliveries", notification_id=once["id"])] == others


def test_a_page_of_people_gets_one_event_for_those_who_want_it_in_real_time(
    people: People, publish: Publish, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    author = people.add("ada", "realtime")
    ben, _cem, *_quiet, gil = (
        people.add("ben", "realtime"),
        people.add("cem", "email"),
        people.add("dia"),
        people.add("eva", "sms"),
        people.add("fay"),
        people.add("gil", "realtime", "sms"),
    )
    publish(author, "Chai?")
    first, last = listener.next("notification_created"), listener.next("notification_created")
    assert (first["recipients"], last["recipients"]) == ([ben], [gil])
    assert first["notification"] == last["notification"]
    assert first["notification"]["message"] == "Chai?"


def test_mails_and_texts_are_ordered_for_those_who_want_them(
    people: People, publish: Publish, rows: Rows, until: Until
) -> None:
    author = people.add("ada", "email")
    ben, cem = people.add("ben", "email", "sms", phone="+254711000001"), people.add("cem", "realtime")
    publish(author)
    until(finished(rows))
    assert {(row["user_id"], row["channel"], row["status"]) for row in rows("deliveries")} == {
        (ben, "email", "pending"),
        (ben, "sms", "pending"),
    }
    assert len(rows("inbox", user_id=cem)) == 1


def test_a_fan_out_that_broke_off_goes_on_where_it_stopped(
    people: People, publish: Publish, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    author = people.add("ada")
    others = [people.add(f"user{number}", "realtime", "email") for number in range(8)]
    people.failures = [2]  # the second page
    publish(author)
    frames = [listener.next("notification_created")["recipients"] for _ in range(3)]
    assert frames == [others[:2], others[2:5], others[5:]]
    assert [row["user_id"] for row in rows("inbox")] == others
    assert [row["user_id"] for row in rows("deliveries")] == others
    assert people.calls == 5  # the repetition's first page only finds out where it was


def test_a_post_that_nobody_else_is_there_for_is_finished_too(
    people: People, publish: Publish, rows: Rows, until: Until
) -> None:
    publish(people.add("ada"))
    until(finished(rows))
    assert rows("inbox") == []
