"""The read model is restored from feeds and users while they run, and equals the truth afterwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import eventlet
import pytest
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine, TextClause, func, select, text
from sqlalchemy.orm import Session

from chassis import clock, ids
from chassis.auth.caller import Caller
from chassis.errors import Forbidden
from chassis.ids import new_id
from feeds.contract import PostCreated
from feeds.models import Post
from gateway.authors import post_counts, rebuild, rebuild_store, store
from gateway.authors.rebuild_store import Restored
from gateway.models import AuthorRow, CountedPost
from tests.integration.gateway.conftest import Hear, ReadAuthors
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc
from users.contract import ERASED, AccountChanged
from users.models import User

Known = dict[str, tuple[str, int, datetime | None]]
Step = Callable[[Session], None]
Until = Callable[[Callable[[], object]], None]

PEOPLE = [f"person_{number}" for number in range(7)]
LONG_AGO = timedelta(days=2)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "PAGE", 2)


@pytest.fixture
def people(platform: dict[str, Any], rpc: Rpc) -> list[Caller]:
    assert platform

    def register(name: str) -> Caller:
        account = rpc("users.register", username=name, email=f"{name}@example.org", password="a bench of stone")
        return Caller("gateway", user=account["id"], username=name)

    return [register(name) for name in PEOPLE]


@pytest.fixture
def old_posts(people: list[Caller], databases: Databases) -> list[PostCreated]:
    """Posts of two days ago, three by the first, two by the second, one by the third; nobody was told of them."""
    made: list[PostCreated] = []
    with Session(databases.engine("feeds")) as session, session.begin():
        for number, author in enumerate([people[0], people[0], people[1], people[2], people[1], people[0]]):
            moment = clock.now() - LONG_AGO + timedelta(seconds=number)
            fields: dict[str, Any] = {
                "id": ids.first_id(moment),
                "author_id": author.require_user(),
                "created_at": moment,
            }
            session.add(Post(text="old", **fields))
            made.append(PostCreated(text="old", author_username=author.username or "", **fields))
    return made


@pytest.fixture
def truth(databases: Databases) -> Callable[[], Known]:
    """What the other services know: name, posts and last post of everybody."""

    def truth() -> Known:
        with Session(databases.engine("feeds")) as session:
            query = select(Post.author_id, func.count(), func.max(Post.created_at)).where(Post.deletion_id.is_(None))
            query = query.group_by(Post.author_id)
            posts = {author_id: (count, last) for author_id, count, last in session.execute(query)}
        with Session(databases.engine("users")) as session:
            names = {user.id: user.username for user in session.scalars(select(User))}
        return {author_id: (name, *posts.get(author_id, (0, None))) for author_id, name in names.items()}

    return truth


@pytest.fixture
def known(authors: ReadAuthors) -> Callable[[], Known]:
    def known() -> Known:
        return {row.id: (row.username, row.posts, row.last_post_at) for row in authors().values()}

    return known


@pytest.mark.usefixtures("old_posts")
def test_whatever_is_wrong_is_put_right_while_people_post_and_delete(  # noqa: PLR0913, PLR0917
    people: list[Caller],
    rpc: Rpc,
    until: Until,
    database: Engine,
    truth: Callable[[], Known],
    known: Callable[[], Known],
) -> None:
    for author in people[:5]:
        rpc("feeds.create", author, text="before")
    until(lambda: sum(posts for _, posts, _ in known().values()) == 5)
    _damage(database, people)
    made: list[str] = []
    posting = [eventlet.spawn(_post_on, rpc, author, made) for author in people[:6]]
    until(lambda: made)
    before = len(made)
    rebuilt = rpc("gateway.rebuild_authors", OPERATOR)
    during = len(made) - before
    for poster in posting:
        poster.kill()
    until(lambda: known().items() >= truth().items())
    assert during > 0
    assert 0 < rebuilt["authors"] <= len(people) + 1  # who was restored alone meanwhile is left out
    assert known().items() - truth().items() == {(STRANGER, (ERASED, 0, None))}


STRANGER = new_id()


def _damage(database: Engine, people: list[Caller]) -> None:
    ids = [person.user for person in people]
    with database.begin() as connection:
        connection.execute(text("DELETE FROM authors WHERE id = ANY(:ids)"), {"ids": [ids[0], ids[3]]})
        connection.execute(
            text("UPDATE authors SET posts = posts + 7, last_post_at = now() WHERE id <> :id"), {"id": ids[1]}
        )
        connection.execute(text("UPDATE authors SET username = 'wrong' WHERE id = ANY(:ids)"), {"ids": ids[1:3]})
        connection.execute(
            text("INSERT INTO authors (id, username, changed_at, posts) VALUES (:id, 'nobody', now(), 5)"),
            {"id": STRANGER},
        )


def _post_on(rpc: Rpc, author: Caller, made: list[str]) -> None:
    """Post, and delete every other of one's posts: the one before the last, or the last, or an old one."""
    own: list[str] = []
    while True:
        own.append(rpc("feeds.create", author, text="meanwhile")["id"])
        made.append(own[-1])
        if len(own) % 2 == 0:
            place = (0, -1, -2)[len(made) % 3]
            rpc("feeds.delete", author, id=own.pop(place))


def test_a_second_rebuild_changes_nothing(  # noqa: PLR0913, PLR0917
    people: list[Caller],
    old_posts: list[PostCreated],
    rpc: Rpc,
    until: Until,
    truth: Callable[[], Known],
    known: Callable[[], Known],
) -> None:
    assert old_posts
    rpc("feeds.create", people[4], text="new")
    until(lambda: known()[people[4].require_user()][1] == 1)
    first = rpc("gateway.rebuild_authors", OPERATOR)
    assert known() == truth()
    assert rpc("gateway.rebuild_authors", OPERATOR) == first == {"authors": len(people), "posts": 7}
    assert known() == truth()


def test_what_the_snapshot_counted_is_not_counted_again_when_its_event_comes_late(
    hear: Hear,
    old_posts: list[PostCreated],
    rpc: Rpc,
    truth: Callable[[], Known],
    known: Callable[[], Known],
) -> None:
    rpc("gateway.rebuild_authors", OPERATOR)
    for post in old_posts:
        hear(post)
    assert known() == truth()


def test_a_name_that_is_newer_than_the_question_stays_and_news_under_way_still_counts(
    hear: Hear, people: list[Caller], rpc: Rpc, known: Callable[[], Known], until: Until
) -> None:
    until(lambda: len(known()) == len(people))
    ada, ben = people[0].require_user(), people[1].require_user()
    hear(AccountChanged(id=ada, username="from_later", changed_at=clock.now() + timedelta(minutes=1)))
    moment = clock.now()
    rpc("gateway.rebuild_authors", OPERATOR)
    hear(AccountChanged(id=ben, username="committed_as_we_asked", changed_at=moment))
    assert known()[ada][0] == "from_later"
    assert known()[ben][0] == "committed_as_we_asked"


@pytest.mark.parametrize("known_before", [True, False])
@pytest.mark.parametrize("event_first", [True, False])
def test_an_event_at_the_very_moment_of_the_rebuild_counts_once(
    platform: dict[str, Any], database: Engine, *, known_before: bool, event_first: bool
) -> None:
    """Whoever is second waits for the first one's commit, and takes it into account."""
    assert platform
    author, border = new_id(), ids.first_id(clock.now())
    moment = clock.now()
    fact = PostCreated(id=new_id(), author_id=author, author_username="ada", text="x", created_at=moment)
    rows = [Restored(author, "ada", 3, clock.now())]
    with Session(database) as first, Session(database) as second:
        if known_before:
            store.name_author(first, author, "ada", clock.now())
            first.commit()

        def count(session: Session) -> None:
            post_counts.count(session, fact)

        def lock(session: Session) -> None:
            rebuild_store.lock(session, rows, clock.now())

        def restore(session: Session) -> None:
            rebuild_store.restore(session, rows, clock.now(), border)

        if event_first:
            _take_turns(database, first, second, [count], [lock, restore])
        else:
            _take_turns(database, first, second, [lock, restore], [count])
        assert second.get_one(AuthorRow, author).posts == 4
        count(second)
        second.commit()
    with Session(database) as session:
        assert session.get_one(AuthorRow, author).posts == 4


def _take_turns(database: Engine, first: Session, second: Session, leads: list[Step], follows: list[Step]) -> None:
    """Let the second run into the lock that the first one's first step took."""
    leads[0](first)
    waiting = eventlet.spawn(lambda: [step(second) for step in follows])
    _wait_for_a_lock(database)
    for step in leads[1:]:
        step(first)
    first.commit()
    waiting.wait()
    second.commit()


def _wait_for_a_lock(database: Engine) -> None:
    """Look in a transaction of its own each time: within one PostgreSQL shows the same picture again."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with eventlet.Timeout(10):
        while not _scalar(database, query):
            eventlet.sleep(0.02)


def _scalar(database: Engine, query: TextClause) -> int:
    with database.begin() as connection:
        return int(connection.scalar(query))


def test_of_two_rebuilds_the_younger_one_wins(platform: dict[str, Any], database: Engine) -> None:
    assert platform
    author, now = new_id(), clock.now()
    older, younger = (ids.first_id(now - timedelta(minutes=minutes)) for minutes in (2, 1))
    with Session(database) as session:
        for border, posts in ((younger, 5), (older, 3)):
            rows = [Restored(author, "ada", posts, None)]
            rebuild_store.lock(session, rows, now)
            rebuild_store.restore(session, rows, now, border)
        assert session.get_one(AuthorRow, author).posts == 5


def test_only_operators_rebuild_and_look(platform: dict[str, Any], rpc: Rpc) -> None:
    assert platform
    for method in ("rebuild_authors", "authors"):
        with pytest.raises(Forbidden):
            rpc(f"gateway.{method}")


def test_operators_see_the_most_active_authors(people: list[Caller], old_posts: list[PostCreated], rpc: Rpc) -> None:
    rpc("gateway.rebuild_authors", OPERATOR)
    shown = rpc("gateway.authors", OPERATOR, limit=2)["items"]
    assert [(one["id"], one["username"], one["posts"]) for one in shown] == [
        (people[0].user, PEOPLE[0], 3),
        (people[1].user, PEOPLE[1], 2),
    ]
    assert shown[0]["last_post_at"] == old_posts[-1].model_dump(mode="json")["created_at"]
    assert len(rpc("gateway.authors", OPERATOR)["items"]) == len(people)


def test_facts_about_posts_are_forgotten_after_a_day_and_not_before(
    platform: dict[str, Any], database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.service.CLEANED", 2)
    now = clock.now()
    with Session(database) as session, session.begin():
        for _ in range(5):
            fact = PostCreated(id=new_id(), author_id=new_id(), author_username="ada", text="x", created_at=now)
            post_counts.count(session, fact)
    for moment, left in ((now + timedelta(hours=23), 5), (now + timedelta(hours=25), 0)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        with entrypoint_hook(platform["gateway"], "forget_counted") as forget:
            forget()
        with Session(database) as session:
            assert session.scalar(select(func.count()).select_from(CountedPost)) == left
