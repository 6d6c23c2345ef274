"""Every write of feeds that is delivered twice replies the same and is done once."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from chassis.auth.caller import Caller
from tests.integration.feeds.conftest import ADA
from tests.integration.support.databases import Databases
from tests.integration.support.repetition import Call, require_same_reply_and_state
from tests.integration.support.rpc import Rpc

WRITES: dict[str, Callable[[str], Call]] = {  # by the id of a post of ADA
    "create": lambda _: (ADA, {"text": "Chai?"}),
    "edit": lambda post: (ADA, {"id": post, "text": "Tea?"}),
    "delete": lambda post: (ADA, {"id": post}),
    "erase_author": lambda _: (Caller("gateway"), {"author_id": ADA.user}),
}


@pytest.fixture
def database(feeds: Rpc, databases: Databases) -> Engine:  # noqa: ARG001 - the service starts first
    return databases.engine("feeds")


@pytest.mark.parametrize("method", WRITES)
def test_repeated_write_has_the_same_reply_and_no_further_effect(feeds: Rpc, database: Engine, method: str) -> None:
    post = feeds("feeds.create", ADA, text="Karibu")["id"]
    require_same_reply_and_state(feeds, database, f"feeds.{method}", WRITES[method](post))


def test_repeated_edit_does_not_undo_a_later_one(feeds: Rpc) -> None:
    post = feeds("feeds.create", ADA, text="Karibu")["id"]
    first = feeds("feeds.edit", ADA, request_key="once", id=post, text="first")
    feeds("feeds.edit", ADA, request_key="later", id=post, text="second")
    assert feeds("feeds.edit", ADA, request_key="once", id=post, text="first") == first
    assert feeds("feeds.detail", id=post)["text"] == "second"
