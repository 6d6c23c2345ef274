"""Types of the fixtures, and callers, for the tests of notifications."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import RowMapping

from chassis.auth.caller import Caller
from chassis.contract import Event
from feeds.contract import PostCreated

Publish = Callable[[Event], None]
PublishPost = Callable[..., PostCreated]
Rows = Callable[..., list[RowMapping]]
CreateDeliveries = Callable[..., str]
Deliver = Callable[..., list[RowMapping]]
Deliveries = Callable[[], list[RowMapping]]


def user(user_id: str) -> Caller:
    return Caller("gateway", user=user_id, username="user")


def staff(user_id: str) -> Caller:
    return Caller("gateway", user=user_id, username="staff", staff=True)


def values(rows: list[RowMapping], *columns: str) -> list[Any]:
    """Return one column of all rows, or tuples of several."""
    return [row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns) for row in rows]
