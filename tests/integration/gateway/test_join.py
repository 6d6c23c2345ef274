"""Posts are joined with their authors from the read model, and who is missing there is asked for once."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from chassis import clock
from chassis.contract import Message
from chassis.ids import new_id
from feeds.contract import Post, PostPage
from gateway.authors import join
from tests.integration.gateway.conftest import Hear
from tests.integration.support.rpc import Rpc
from users.contract import ERASED, AccountChanged


class Asking:
    """What the web processes ask, of the real service, and how often they did."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.asked: list[str] = []

    def call_as_gateway(self, target: str, request: Message, reply: type[Message]) -> Message:
        self.asked.append(target)
        return reply.model_validate(self._rpc(target, **request.model_dump(mode="json")))


@pytest.fixture
def backends(platform: dict[str, Any], database: Engine, rpc: Rpc) -> Any:
    assert platform
    return SimpleNamespace(database=sessionmaker(database), rpc=Asking(rpc))


def shown(backends: Any, *author_ids: str) -> list[str]:
    posts = [Post(id=new_id(), author_id=author_id, text="x", created_at=clock.now()) for author_id in author_ids]
    return [post.author.username for post in join.join_page(backends, Any, PostPage(items=posts)).items]  # type: ignore[arg-type]


def test_missing_authors_are_asked_for_once_and_kept_also_those_that_nobody_knows(backends: Any, rpc: Rpc) -> None:
    ada = rpc("users.register", username="ada", email="ada@example.org", password="a bench of stone")["id"]
    gone = new_id()
    for _ in range(3):
        assert shown(backends, ada, gone, ada) == ["ada", ERASED, "ada"]
    assert len(backends.rpc.asked) <= 1


def test_news_of_somebody_whom_nobody_knows_wakes_no_tombstone(backends: Any, hear: Hear) -> None:
    gone = new_id()
    assert shown(backends, gone) == [ERASED]
    hear(AccountChanged(id=gone, username="back", changed_at=clock.now()))
    assert shown(backends, gone) == [ERASED]
