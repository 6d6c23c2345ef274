"""Pages of posts."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from chassis.ids import new_id
from chassis.tokens import Caller
from feeds.service import FeedsService
from tests.integration.support.pages import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import Rpc

AUTHOR = Caller("gateway", user=new_id(), username="ada")


@pytest.fixture
def feeds(start: Callable[..., Any], rpc: Rpc) -> Rpc:
    start(FeedsService)
    return rpc


@pytest.fixture
def posted() -> list[str]:
    """Ids in the order of posting."""
    return []


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_every_post_is_read_once_whatever_is_posted_meanwhile(
    feeds: Rpc, posted: list[str], steps: list[tuple[int, int]]
) -> None:
    def add() -> str:
        posted.append(feeds("feeds.create", AUTHOR, text="x")["id"])
        return posted[-1]

    add()
    before = list(posted)
    assert read_all(lambda **query: feeds("feeds.all", **query), add, steps) == before[::-1]
