"""Pages of people and of sessions: every item once, whatever is inserted meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from tests.integration.support.rpc import Rpc
from tests.integration.users.people import MakePerson, Person
from users.models import User, UserSession

Ask = Callable[..., dict[str, Any]]

some = examples(
    max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def ada(person: MakePerson) -> Person:
    return person("ada")


def insert_users(database: Engine, number: int) -> None:
    moment = clock.now()
    with Session(database) as session, session.begin():
        for user_id in [new_id() for _ in range(number)]:
            name = user_id[-12:]
            session.add(
                User(
                    id=user_id,
                    username=name,
                    email=f"{name}@example.org",
                    notify_by=[],
                    password_hash="",
                    password_changed_at=moment,
                    is_active=True,
                    is_staff=False,
                    created_at=moment,
                )
            )


def insert_sessions(database: Engine, user_id: str, number: int) -> None:
    moment = clock.now()
    with Session(database) as session, session.begin():
        for session_id in [new_id() for _ in range(number)]:
            session.add(
                UserSession(
                    id=session_id,
                    user_id=user_id,
                    token_hash=session_id,
                    created_at=moment,
                    last_seen_at=moment,
                    expires_at=moment + timedelta(days=1),
                )
            )


def walked(ask: Ask, limit: int, between: Callable[[], None]) -> list[str]:
    """Page through all there is and return the ids; something happens between the pages."""
    page = ask(limit=limit)
    seen = [item["id"] for item in page["items"]]
    while page["next"]:
        between()
        page = ask(limit=limit, cursor=page["next"])
        seen += [item["id"] for item in page["items"]]
    return seen


@pytest.mark.parametrize("method", ["all", "sessions"])
@some
@given(first=st.integers(0, 9), limit=st.integers(1, 7), news=st.lists(st.integers(0, 3), max_size=5))
def test_every_item_comes_once_and_in_order_whatever_is_inserted_meanwhile(  # noqa: PLR0913, PLR0917 - three are drawn
    users: Rpc, ada: Person, database: Engine, method: str, first: int, limit: int, news: list[int]
) -> None:
    def insert(number: int) -> None:
        if method == "all":
            insert_users(database, number)
        else:
            insert_sessions(database, ada.id, number)

    insert(first)
    ask = partial(users, f"users.{method}", ada.caller)
    there = walked(ask, 100, lambda: None)
    later = iter(news)
    seen = walked(ask, limit, lambda: insert(next(later, 0)))
    assert seen == there == sorted(there, reverse=True)
