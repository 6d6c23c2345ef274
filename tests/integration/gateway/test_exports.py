"""Exports with the real services: asked for, made, announced, read."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import sessionmaker

from chassis import clock
from chassis.auth.caller import Caller
from chassis.errors import Conflict, NotFound, TooManyRequests
from feeds.service import FeedsService
from gateway.contract import Export, ExportFile
from gateway.exports import file, sources
from gateway.models import AuthorRow, ExportChunk, ExportRow
from gateway.service import GatewayService
from notifications.service import NotificationsService
from tests.integration.conftest import Settings, Until
from tests.integration.support.export import read_all
from tests.integration.support.rpc import Rpc
from users.contract import AccountErased, token_hash
from users.service import UsersService

PASSWORD = "a bench of stone"


@pytest.fixture(autouse=True)
def fast_exports(settings: Settings) -> dict[str, Any]:
    """Small pages and short intervals."""
    settings["gateway"]["exports"] |= {"interval": 0.05, "page": 2, "pause": 0, "retry": 0.2, "absent": 0.2}
    exports: dict[str, Any] = settings["gateway"]["exports"]
    return exports


@pytest.fixture
def services(start: Callable[..., Any]) -> dict[str, Any]:
    """Run all services; return their containers by name."""
    runner = start(UsersService, FeedsService, NotificationsService, GatewayService)
    return {container.service_name: container for container in runner.containers}


def sign_in(rpc: Rpc, username: str) -> Caller:
    account = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    user = rpc("users.register", **account)["id"]
    session = rpc("users.login", username=username, password=PASSWORD)
    identity = rpc("users.authenticate", token_hash=token_hash(session["token"]))
    return Caller("gateway", user=user, username=username, session=identity["session_id"])


@pytest.fixture
def ada(services: dict[str, Any], rpc: Rpc, until: Until) -> Caller:
    """A user with posts, and a notification of another user's post."""
    assert services
    ada, ben = sign_in(rpc, "ada"), sign_in(rpc, "ben")
    for number in range(5):
        rpc("feeds.create", ada, text=f"Post {number}")
    for number in range(3):
        rpc("feeds.create", ben, text=f"Karibu {number}")
    until(lambda: len(rpc("notifications.inbox", ada)["items"]) == 3)
    return ada


@pytest.fixture
def ready(rpc: Rpc, until: Until) -> Callable[[Caller], Export]:
    """Start an export, and wait until it is ready."""

    def ready(user: Caller) -> Export:
        started = rpc("gateway.request_export", user)

        def is_ready() -> bool:
            try:
                return bool(rpc("gateway.export", user)["id"] == started["id"])
            except Conflict:
                return False

        until(is_ready)
        return Export.model_validate(rpc("gateway.export", user))

    return ready


class Stored:
    """The gateway's tables; `database` is what a web process uses to read a file."""

    def __init__(self, engine: Engine) -> None:
        self.database = sessionmaker(engine)

    def read(self, export: Export) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(b"".join(file.parts(self, export)))
        return found

    def exports(self) -> list[ExportRow]:
        with self.database(expire_on_commit=False) as session:
            return list(session.scalars(select(ExportRow).order_by(ExportRow.id)))

    def with_content(self) -> set[str]:
        """Return the ids of exports that have content."""
        with self.database() as session:
            return set(session.scalars(select(ExportChunk.export_id)))

    def usernames(self) -> set[str]:
        """Return the names of all authors."""
        with self.database() as session:
            return set(session.scalars(select(AuthorRow.username)))

    def change(self, **columns: object) -> None:
        with self.database() as session, session.begin():
            session.execute(update(ExportRow).values(**columns))


@pytest.fixture
def stored(database: Engine) -> Stored:
    return Stored(database)


def titles(rpc: Rpc, user: Caller) -> list[str]:
    return [one["title"] for one in rpc("notifications.inbox", user, limit=100)["items"] if one["kind"] == "message"]


def test_file_has_what_every_service_stores(
    ada: Caller, rpc: Rpc, ready: Callable[[Caller], Export], stored: Stored, until: Until
) -> None:
    until(lambda: "ada" in stored.usernames())  # the event of her registration has arrived
    expected = {name: read_all(rpc, name, str(ada.user)) for name in sources.SERVICES}
    export = ready(ada)
    content = stored.read(export)
    for service, sections in expected.items():
        for section, records in sections.items():
            assert content[section] == (records[0] if section == "account" else records), service
    assert (len(content["posts"]), len(content["notifications"])) == (5, 3)
    assert content["names"][0]["username"] == "ada"
    assert [one["id"] for one in content["exports"]] == [export.id]
    assert content["created_at"] == export.model_dump(mode="json")["finished_at"]
    assert ExportFile.model_validate(content).model_dump(mode="json") == content
    assert "ben@example.org" not in json.dumps(content)
    until(lambda: titles(rpc, ada) == ["Your export is ready"])


def test_user_is_notified_once_although_the_notification_is_repeated(
    ada: Caller, rpc: Rpc, ready: Callable[[Caller], Export], stored: Stored, until: Until
) -> None:
    ready(ada)

    def announced() -> bool:
        return all(export.due_at is None for export in stored.exports())

    for _ in range(2):
        until(announced)
        stored.change(due_at=clock.now())  # as if the process had been killed before its commit
    until(announced)
    assert titles(rpc, ada) == ["Your export is ready"]


def test_user_who_is_signed_out_is_notified_after_the_next_login(
    ada: Caller, rpc: Rpc, ready: Callable[[Caller], Export], until: Until
) -> None:
    rpc("users.logout", ada, everywhere=True)
    ready(ada)
    assert titles(rpc, ada) == []
    rpc("users.login", username="ada", password=PASSWORD)
    until(lambda: titles(rpc, ada) == ["Your export is ready"])


def test_without_an_export_there_is_no_file(ada: Caller, rpc: Rpc) -> None:
    with pytest.raises(NotFound) as caught:
        rpc("gateway.export", ada)
    assert caught.value.code == "no_export"


def test_export_of_another_user_is_not_found_also_by_staff(
    ada: Caller, rpc: Rpc, ready: Callable[[Caller], Export]
) -> None:
    ready(ada)
    staff = sign_in(rpc, "boss")
    for caller in (staff, Caller("gateway", staff.user, "boss", staff.session, staff=True)):
        with pytest.raises(NotFound):
            rpc("gateway.export", caller)


@pytest.fixture
def waiting(start: Callable[..., Any], rpc: Rpc) -> Caller:
    """A user whose export waits, because feeds does not run."""
    start(UsersService, NotificationsService, GatewayService)
    ada = sign_in(rpc, "ada")
    rpc("gateway.request_export", ada)
    return ada


def test_export_waits_for_a_service_that_is_down(
    waiting: Caller, start: Callable[..., Any], rpc: Rpc, until: Until, stored: Stored
) -> None:
    until(lambda: [(one.source, one.state) for one in stored.exports()] == [("feeds", "making")])
    with pytest.raises(Conflict) as caught:
        rpc("gateway.export", waiting)
    assert caught.value.code == "export_not_ready"
    start(FeedsService)
    until(lambda: titles(rpc, waiting) == ["Your export is ready"])
    assert rpc("gateway.export", waiting)["state"] == "ready"


def test_second_request_returns_the_export_that_is_being_made(waiting: Caller, rpc: Rpc) -> None:
    first, second = (rpc("gateway.request_export", waiting) for _ in range(2))
    assert first == second
    assert first["state"] == "making"


def test_export_is_given_up_and_the_user_is_notified(waiting: Caller, rpc: Rpc, until: Until, stored: Stored) -> None:
    until(stored.with_content)
    stored.change(requested_at=clock.now() - timedelta(days=1, seconds=1))
    until(lambda: titles(rpc, waiting) == ["Your export failed"])
    assert stored.with_content() == set()
    with pytest.raises(NotFound):
        rpc("gateway.export", waiting)
    assert rpc("gateway.request_export", waiting)["state"] == "making"


def test_export_beyond_the_limit_of_a_day_is_rejected(
    fast_exports: dict[str, Any], ada: Caller, rpc: Rpc, ready: Callable[[Caller], Export]
) -> None:
    for _ in range(fast_exports["per_day"]):
        ready(ada)
    with pytest.raises(TooManyRequests) as caught:
        rpc("gateway.request_export", ada)
    assert caught.value.code == "too_many_exports"
    assert 86_000 < (caught.value.retry_after or 0) <= 86_400


def test_newer_export_replaces_an_older_one_whose_download_goes_on(
    ada: Caller, ready: Callable[[Caller], Export], stored: Stored, rpc: Rpc
) -> None:
    first = ready(ada)
    rpc("feeds.create", ada, text="One more")
    second = ready(ada)
    assert rpc("gateway.export", ada)["id"] == second.id
    assert len(stored.read(second)["posts"]) == 6
    assert len(stored.read(first)["posts"]) == 5
    replaced = next(one for one in stored.exports() if one.id == first.id)
    assert timedelta(hours=23) < replaced.expires_at - clock.now() <= timedelta(days=1)


def test_erasure_removes_exports_of_the_user_only(
    ada: Caller, services: dict[str, Any], rpc: Rpc, ready: Callable[[Caller], Export], stored: Stored
) -> None:
    ready(ada)
    kept = ready(sign_in(rpc, "cleo"))
    for _ in range(2):
        with entrypoint_hook(services["gateway"], "on_account_erased") as handler:
            handler(AccountErased(id=str(ada.user), erased_at=clock.now()))
    assert [export.id for export in stored.exports()] == [kept.id]
    assert stored.with_content() == {kept.id}


def test_export_of_an_account_that_was_deleted_is_not_made(ada: Caller, rpc: Rpc, until: Until, stored: Stored) -> None:
    rpc("users.delete_account", ada, password=PASSWORD)
    rpc("gateway.request_export", ada)  # with a token that was verified just before
    until(lambda: stored.exports() == [])
    assert stored.with_content() == set()


def test_expired_export_is_deleted(
    ada: Caller, services: dict[str, Any], rpc: Rpc, ready: Callable[[Caller], Export], stored: Stored, until: Until
) -> None:
    export = ready(ada)
    until(lambda: stored.exports()[0].due_at is None)  # the user was notified: nothing holds the row any more
    assert export.expires_at - (export.finished_at or export.expires_at) == timedelta(days=7)
    stored.change(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        rpc("gateway.export", ada)
    with entrypoint_hook(services["gateway"], "delete_expired_exports") as clean:
        clean()
    assert stored.exports() == []
    assert stored.with_content() == set()
