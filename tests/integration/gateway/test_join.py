"""Posts are joined with their authors from the read model; missing authors are requested once."""

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
from tests.integration.gateway.conftest import Handle
from tests.integration.support.rpc import Rpc
from users.contract import ERASED, AccountChanged


class RecordingClient:
    """Calls the real service, and records the calls."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.calls: list[str] = []

    def call_as_gateway(self, target: str, request: Message, reply: type[Message]) -> Message:
        self.calls.append(target)
        return reply.model_validate(self._rpc(target, **request.model_dump(mode="json")))


@pytest.fixture
def backends(platform: dict[str, Any], database: Engine, rpc: Rpc) -> Any:
    assert platform
    return SimpleNamespace(database=sessionmaker(database), rpc=RecordingClient(rpc))


def shown(backends: Any, *author_ids: str) -> list[str]:
    posts = [Post(id=new_id(), author_id=author_id, text="x", created_at=clock.now()) for author_id in author_ids]
    return [post.author.username for post in join.join_page(backends, Any, PostPage(items=posts)).items]  # type: ignore[arg-type]


def test_missing_authors_are_requested_once_even_unknown_ones(backends: Any, rpc: Rpc) -> None:
    ada = rpc("users.register", username="ada", email="ada@example.org", password="a bench of stone")["id"]
    gone = new_id()
    for _ in range(3):
        assert shown(backends, ada, gone, ada) == ["ada", ERASED, "ada"]
    assert len(backends.rpc.calls) <= 1


def test_event_about_an_unknown_author_does_not_replace_the_tombstone(backends: Any, handle: Handle) -> None:
    gone = new_id()
    assert shown(backends, gone) == [ERASED]
    handle(AccountChanged(id=gone, username="back", changed_at=clock.now()))
    assert shown(backends, gone) == [ERASED]
