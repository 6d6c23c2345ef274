"""Reads the codes that were issued, as deliveries does."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from chassis import clock
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import DELIVERIES, NewUser, User
from users.codes import issuing
from users.models import FailedLogins, OneTimeCode

Issued = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def issued(users: Rpc, database: Engine) -> Issued:
    """Return the codes that may be sent."""

    def issued() -> list[dict[str, Any]]:
        with Session(database) as session:
            ids = list(session.scalars(select(OneTimeCode.id).order_by(OneTimeCode.id)))
        items: list[dict[str, Any]] = users("users.codes", DELIVERIES, ids=ids)["items"]
        return items

    return issued


@pytest.fixture
def rested(database: Engine) -> Callable[[], None]:
    """Let a minute pass since codes were issued."""

    def rested() -> None:
        with database.begin() as connection:
            connection.execute(update(OneTimeCode).values(issued_at=clock.now() - 2 * issuing.REST))

    return rested


@pytest.fixture
def new_unverified(new_user: NewUser, database: Engine) -> NewUser:
    """Register and log in as `new_user` does, without verified addresses, and as if no code had been issued yet."""

    def new_unverified(username: str, **fields: Any) -> User:
        user = new_user(username, verified=False, **fields)
        with database.begin() as connection:
            connection.execute(delete(OneTimeCode).where(OneTimeCode.account == user.id))
            connection.execute(delete(FailedLogins).where(FailedLogins.subject.startswith("codes")))
        return user

    return new_unverified
