"""Posts are joined with their authors from the read model; missing authors are requested once."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import sessionmaker

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import Message
from chassis.ids import new_id
from feeds.contract import AUTHORS_TAG, LISTS_TAG, Post, PostPage
from gateway.authors import join
from gateway.authors.name_cache import NameCache
from gateway.models import AuthorRow
from gateway.request.context import from_environ
from tests.integration.conftest import Until
from tests.integration.gateway.conftest import Handle
from tests.integration.support.rpc import Rpc
from users.contract import ERASED, AccountChanged, NamedAccount


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
    invalidated: list[str] = []
    tags = SimpleNamespace(invalidate=lambda *tags: invalidated.extend(tags), invalidated=invalidated)
    return SimpleNamespace(database=sessionmaker(database), names=NameCache(), rpc=RecordingClient(rpc), tags=tags)


@pytest.fixture
def ada(platform: dict[str, Any], rpc: Rpc) -> dict[str, Any]:
    assert platform
    account: dict[str, Any] = rpc(
        "users.register", username="ada", email="ada@example.org", password="a bench of stone"
    )
    return account


def rename(rpc: Rpc, account: dict[str, Any], username: str) -> dict[str, Any]:
    renamed: dict[str, Any] = rpc("users.update_account", Caller("gateway", user=account["id"]), username=username)
    return renamed


def save(backends: Any, account: dict[str, Any], *, replayed: bool = False) -> None:
    """Handle the reply of users, as the web process does."""
    context = from_environ({}, 0)
    context.replayed = replayed
    join.save_own_username(backends, context, NamedAccount.model_validate(account))


def shown(backends: Any, *author_ids: str) -> list[str]:
    posts = [Post(id=new_id(), author_id=author_id, text="x", created_at=clock.now()) for author_id in author_ids]
    return [post.author.username for post in join.join_page(backends, from_environ({}, 0), PostPage(items=posts)).items]


def test_missing_authors_are_requested_once_even_unknown_ones(backends: Any, rpc: Rpc) -> None:
    ada = rpc("users.register", username="ada", email="ada@example.org", password="a bench of stone")["id"]
    gone = new_id()
    for _ in range(3):
        assert shown(backends, ada, gone, ada) == ["ada", ERASED, "ada"]
    assert len(backends.rpc.calls) <= 1


@pytest.mark.parametrize("event_first", [True, False])
def test_rename_invalidates_cached_posts_even_if_its_event_came_before_the_reply(
    backends: Any, rpc: Rpc, ada: dict[str, Any], handle: Handle, *, event_first: bool
) -> None:
    save(backends, ada)
    renamed = rename(rpc, ada, "lovelace")
    if event_first:
        handle(AccountChanged.model_validate(renamed | {"changed_at": renamed["username_changed_at"]}))
    backends.tags.invalidated.clear()
    save(backends, renamed)
    assert set(backends.tags.invalidated) == {LISTS_TAG, AUTHORS_TAG}


def test_newest_name_stays_when_replies_to_two_renames_are_handled_in_reverse(
    backends: Any, rpc: Rpc, ada: dict[str, Any]
) -> None:
    first, second = rename(rpc, ada, "first"), rename(rpc, ada, "second")
    save(backends, second)
    save(backends, first)
    assert shown(backends, ada["id"]) == ["second"]


def test_username_of_a_reply_is_stored_before_its_event_arrives(backends: Any) -> None:
    account = NamedAccount(
        id=new_id(),
        username="early",
        created_at=clock.now(),
        username_changed_at=clock.now(),
        email="early@example.org",
        phone=None,
        notify_by=[],
        is_active=True,
        is_staff=False,
    )
    save(backends, account.model_dump())
    assert shown(backends, account.id) == ["early"]


@pytest.mark.parametrize("replayed", [True, False])
def test_replayed_registration_does_not_restore_the_old_username(
    backends: Any, rpc: Rpc, ada: dict[str, Any], *, replayed: bool
) -> None:
    save(backends, rename(rpc, ada, "lovelace"))
    save(backends, ada, replayed=replayed)  # without the mark, as the gateway's clock does not count either
    assert shown(backends, ada["id"]) == ["lovelace"]


def test_replay_stores_no_username_in_an_empty_read_model(
    backends: Any, rpc: Rpc, ada: dict[str, Any], database: Engine, until: Until
) -> None:
    until(lambda: stored_names(database))
    rename(rpc, ada, "lovelace")
    until(lambda: stored_names(database) == ["lovelace"])
    with database.begin() as connection:
        connection.execute(delete(AuthorRow))
    save(backends, ada, replayed=True)
    assert stored_names(database) == []
    assert shown(backends, ada["id"]) == ["lovelace"]


def stored_names(database: Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.scalars(select(AuthorRow.username)))


def test_reply_of_the_previous_release_leaves_the_username_to_the_event(backends: Any, ada: dict[str, Any]) -> None:
    save(backends, ada | {"username": "unordered", "username_changed_at": None})
    assert shown(backends, ada["id"]) == ["ada"]


def test_event_about_an_unknown_author_does_not_replace_the_tombstone(backends: Any, handle: Handle) -> None:
    gone = new_id()
    assert shown(backends, gone) == [ERASED]
    handle(AccountChanged(id=gone, username="back", changed_at=clock.now()))
    assert shown(backends, gone) == [ERASED]
