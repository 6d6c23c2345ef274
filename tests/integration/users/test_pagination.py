from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import LoggedInUser
from users.models import User, UserSession


def new_account() -> User:
    user_id, now = new_id(), clock.now()
    name = user_id[-12:]
    return User(
        id=user_id,
        username=name,
        email=f"{name}@example.org",
        notify_by=[],
        password_hash="",
        password_changed_at=now,
        is_active=True,
        is_staff=False,
        created_at=now,
    )


def new_session(user: LoggedInUser) -> UserSession:
    session_id, now = new_id(), clock.now()
    return UserSession(
        id=session_id,
        user_id=user.id,
        token_hash=session_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=1),
    )


@pytest.mark.parametrize("method", ["all", "sessions"])
@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_items_are_read_once_and_newest_first_while_others_are_added(
    users: Rpc, ada: LoggedInUser, database: Engine, method: str, steps: list[tuple[int, int]]
) -> None:
    def add() -> str:
        with Session(database, expire_on_commit=False) as session, session.begin():
            row = new_account() if method == "all" else new_session(ada)
            session.add(row)
        return row.id

    def page(**query: Any) -> dict[str, Any]:
        return dict(users(f"users.{method}", ada.caller, **query))

    for _ in range(5):
        add()
    existing = read_all(page, add, [(100, 0)])
    assert len(existing) > 5
    assert read_all(page, add, steps) == existing == sorted(existing, reverse=True)
