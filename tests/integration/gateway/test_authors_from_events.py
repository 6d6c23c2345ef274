"""The gateway's own Nameko class: the read model of authors, kept from events."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from feeds.contract import PostCreated
from gateway import store
from gateway.models import AuthorRow
from users.contract import AccountChanged


def author(database: Engine, author_id: str) -> AuthorRow:
    with Session(database) as session:
        return session.get_one(AuthorRow, author_id)


def renamed(author_id: str, username: str, minutes: int) -> AccountChanged:
    return AccountChanged(id=author_id, username=username, changed_at=clock.now() + timedelta(minutes=minutes))


def test_the_newest_name_stays_in_whatever_order_the_news_comes(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    hear(renamed(ada, "second", 2))
    hear(renamed(ada, "first", 1))
    assert author(database, ada).username == "second"
    hear(renamed(ada, "third", 3))
    assert author(database, ada).username == "third"


def test_each_post_counts_once(hear: Callable[..., None], database: Engine) -> None:
    ada = new_id()
    posts = [
        PostCreated(id=new_id(), author_id=ada, author_username="ada", text="x", created_at=clock.now())
        for _ in range(3)
    ]
    for post in [*posts, posts[0]]:
        hear(post)
    assert author(database, ada).posts == 3
    assert author(database, ada).last_post_at == posts[-1].created_at


def test_usernames_come_in_one_query(database: Engine) -> None:
    ids = [new_id() for _ in range(3)]
    with Session(database) as session, session.begin():
        for number, author_id in enumerate(ids):
            store.name_author(session, author_id, f"name{number}", clock.now())
    with Session(database) as session:
        assert store.usernames(session, [*ids, new_id()]) == dict(zip(ids, ["name0", "name1", "name2"], strict=True))
