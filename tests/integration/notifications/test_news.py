"""A post is edited or deleted after it was told, or before: what people read of it, and what is still sent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.contract import Event
from chassis.ids import new_id
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from notifications import wording
from notifications.deliveries import DeliveriesService
from notifications.delivery import delivery_store
from notifications.inbox import inbox_store, post_updates_store
from notifications.inbox.inbox_store import Progress
from notifications.models import Delivery
from tests.integration.notifications.conftest import Publish, Rows, Settled, Until, user
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.events import Listen
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import Rpc
from users.contract import AccountErased

Hear = Callable[[Event], None]
NO_WORDS = "This post was deleted."


@pytest.fixture
def hear(told: ServiceRunner) -> Hear:
    """Run the handler of an event, twice: every event may come again."""
    container = next(one for one in told.containers if one.service_name == "notifications")

    def hear(event: Event) -> None:
        for _ in range(2):
            with entrypoint_hook(container, f"on_{event.type}") as handler:
                handler(event)

    return hear


@pytest.fixture
def published(people: People, publish: Publish, rows: Rows, until: Until, told: ServiceRunner) -> PostCreated:
    """A post that ben, cem, dia and eva were told of; mails and texts have been ordered."""
    assert told
    author = people.add("ada")
    for name in ("ben", "cem", "dia", "eva"):
        people.add(name, "email", "sms", phone="+254711000001")
    post = publish(author, "Karibu")
    until(lambda: rows("notifications", done=True))
    return post


def edited(post: PostCreated, text: str, minutes: int = 0) -> PostUpdated:
    moment = clock.now() + timedelta(minutes=minutes)
    return PostUpdated(id=post.id, author_id=post.author_id, text=text, edited_at=moment)


def deleted(post: PostCreated) -> PostDeleted:
    moment = clock.now()
    return PostDeleted(**dict(post), deletion_id=new_id(), deleted_at=moment)


def test_an_edited_post_is_read_with_its_newest_words_whatever_comes_first(
    published: PostCreated, hear: Hear, rows: Rows, rpc: Rpc
) -> None:
    hear(edited(published, "third " * 100, minutes=3))
    hear(edited(published, "second", minutes=2))
    (row,) = rows("notifications")
    (item,) = rpc("notifications.inbox", user(rows("inbox")[0]["user_id"]))["items"]
    assert (item["title"], item["message"]) == ("author posted", wording.excerpt("third " * 100, 200))
    assert item["data"] == wording.about_post(published).data
    assert row["changed_at"] > published.created_at
    assert {delivery["status"] for delivery in rows("deliveries")} == {"pending"}


def test_of_a_deleted_post_nobody_reads_a_word_and_nothing_more_is_sent(
    published: PostCreated, hear: Hear, rows: Rows, database: Engine
) -> None:
    under_way = rows("deliveries")[0]["id"]
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).where(Delivery.id == under_way).values(status="sending"))
    hear(deleted(published))
    hear(edited(published, "back again", minutes=1))
    (row,) = rows("notifications")
    assert (row["title"], row["message"]) == ("author posted", NO_WORDS)
    assert row["data"] == wording.about_post(published).data | {"deleted": True}
    first, *others = rows("deliveries")
    assert (first["status"], first["last_error"]) == ("sending", None)
    assert {(one["status"], one["last_error"], one["due_at"]) for one in others} == {
        ("cancelled", "the post was deleted", None)
    }


def test_all_who_have_it_are_told_of_the_change_a_page_at_a_time(
    published: PostCreated, hear: Hear, rows: Rows, listen: Listen
) -> None:
    listener = listen("notifications")
    hear(edited(published, "Karibuni"))
    readers = [row["user_id"] for row in rows("inbox")]
    received = [listener.next("notification_changed") for _ in range(4)]  # of two runs
    assert [frame["recipients"] for frame in received] == [readers[:3], readers[3:]] * 2
    assert {frame["notification"]["message"] for frame in received} == {"Karibuni"}
    hear(deleted(published))
    assert listener.next("notification_changed")["notification"]["data"]["deleted"] is True


def test_news_that_overtake_the_post_count_when_it_is_told(
    people: People, publish: Publish, rows: Rows, until: Until, hear: Hear
) -> None:
    author, ben = people.add("ada"), people.add("ben")
    gone, changed = (
        PostCreated(id=new_id(), author_id=author, author_username="ada", text="old", created_at=clock.now())
        for _ in range(2)
    )
    hear(deleted(gone))
    hear(edited(changed, "new"))
    for post in (gone, changed):
        publish(author, event=post)
    until(lambda: rows("notifications", done=True))
    (row,) = rows("notifications")
    assert (row["source"], row["message"], row["as_of"]) == (changed.id, "new", changed.created_at)
    assert [place["user_id"] for place in rows("inbox")] == [ben]


@pytest.mark.parametrize("news", ["edited", "deleted"])
def test_news_between_two_pages_count_from_the_next_one_on(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    people: People, publish: Publish, rows: Rows, until: Until, hear: Hear, monkeypatch: pytest.MonkeyPatch, news: str
) -> None:
    author = people.add("ada")
    readers = [people.add(f"user{number}", "email") for number in range(8)]
    post = PostCreated(id=new_id(), author_id=author, author_username="ada", text="old", created_at=clock.now())
    asked: list[int] = []

    def answer() -> None:
        asked.append(1)
        if len(asked) == 2:
            hear(edited(post, "new") if news == "edited" else deleted(post))

    monkeypatch.setattr(people, "answer", answer)
    publish(author, event=post)
    until(lambda: rows("notifications", done=True))
    (row,) = rows("notifications")
    people_told = [place["user_id"] for place in rows("inbox")]
    assert (row["message"], people_told) == (("new", readers) if news == "edited" else (NO_WORDS, readers[:2]))
    assert {one["status"] for one in rows("deliveries")} == {"pending" if news == "edited" else "cancelled"}


@pytest.mark.parametrize("first", ["post", "account"])
def test_with_an_account_its_posts_go_in_either_order(
    published: PostCreated, hear: Hear, rows: Rows, first: str
) -> None:
    events: list[Event] = [deleted(published), AccountErased(id=published.author_id, erased_at=clock.now())]
    for event in events if first == "post" else events[::-1]:
        hear(event)
    hear(edited(published, "late news", minutes=1))
    (row,) = rows("notifications")
    expected = wording.about_erased_post(published.id, published.author_id)
    assert (row["title"], row["message"], row["data"]) == (expected.title, expected.message, expected.data)
    assert [news["text"] for news in rows("post_news")] == [None]


def test_an_edit_brings_no_words_back_of_somebody_who_has_left(published: PostCreated, hear: Hear, rows: Rows) -> None:
    hear(AccountErased(id=published.author_id, erased_at=clock.now()))
    hear(edited(published, "late news"))
    assert [row["message"] for row in rows("notifications")] == [NO_WORDS]


def test_a_delivery_that_was_claimed_as_the_post_was_deleted_is_not_sent(
    people: People,
    database: Engine,
    settled: Settled,
    start: Callable[..., ServiceRunner],
    mailbox: FakeServer,
) -> None:
    start(UsersService, DeliveriesService)
    ada, moment = people.add("ada", "email"), clock.now()
    post = PostCreated(id=new_id(), author_id=new_id(), author_username="ben", text="old", created_at=moment)
    with Session(database) as session, session.begin():
        told = inbox_store.add_once(session, wording.about_post(post), post.id, moment, Progress(done=True))
        assert told
        delivery_store.add(session, told.id, {"email": [ada]}, chosen=False)
        post_updates_store.keep(session, post.id, None, moment)
    (delivery,) = settled()
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == (
        "cancelled",
        0,
        "the post was deleted",
    )
    assert mailbox.received() == []
