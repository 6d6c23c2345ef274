"""The making of an export when processes die, are too slow, or the account is deleted meanwhile."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import nameko_sqlalchemy
import pytest
from nameko.exceptions import MethodNotFound, RemoteError
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from chassis import clock
from chassis.contract.export import ExportUser
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import DeadlineExceeded, ServiceError, Unavailable
from chassis.ids import new_id
from feeds.contract import ExportedPost, PostData
from gateway.contract import Export
from gateway.exports import file, settings, sources, store
from gateway.exports.making import Maker
from gateway.models import ExportChunk, ExportRow
from notifications.contract import Notification, NotificationData
from tests.integration.conftest import Settings
from tests.integration.support.databases import Databases, unit_of_work
from users.contract import ExportedAccount, UserData

ADA = new_id()
POSTS = 7


class Killed(BaseException):
    """The process ends."""


class KilledAfterCommits(UnitOfWork):
    """Ends the process after a number of commits."""

    def __init__(self, database: Engine, commits: int) -> None:
        super().__init__(sessionmaker(database, class_=nameko_sqlalchemy.database.Session))
        self._left = commits

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
        self._left -= 1
        if self._left == 0:
            raise Killed


class Services:
    """Services with an account and some posts; `before` runs before each call with the number of the call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.before: Callable[[int], None] = lambda _number: None

    def call(self, target: str, request: Any, _reply: Any, *, request_key: str | None = None) -> Any:
        self.calls.append(target)
        self.before(len(self.calls))
        if target == "notifications.send_notification":
            assert request_key
            return Notification(
                id=new_id(),
                kind="message",
                title=request.title,
                message=request.message,
                data={},
                created_at=clock.now(),
            )
        return {"users.export": self._account, "feeds.export": self._posts}.get(target, lambda _: NotificationData())(
            request
        )

    def _account(self, request: ExportUser) -> UserData:
        now = clock.now()
        account = ExportedAccount(
            id=request.user_id,
            username="ada",
            created_at=now,
            email="ada@example.org",
            phone=None,
            notify_by=[],
            is_active=True,
            is_staff=False,
            username_changed_at=now,
            password_changed_at=now,
            deactivated_at=None,
            second_factor_since=None,
        )
        return UserData(account=[account])

    def _posts(self, request: ExportUser) -> PostData:
        """Return a page of one post."""
        number = int(request.cursor or 0)
        post = ExportedPost(
            id=new_id(),
            text=f"Post {number}",
            created_at=clock.now(),
            edited_at=None,
            deletion_id=None,
            deleted_at=None,
        )
        return PostData(posts=[post], next=str(number + 1) if number + 1 < POSTS else None)


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def database(databases: Databases) -> Engine:
    return databases.empty("gateway")


@pytest.fixture
def maker(settings: Settings, database: Engine, services: Services) -> Maker:
    options = replace(settings_of(settings), pause=0.0, pages=3)
    return Maker(unit_of_work(database), services, options)  # type: ignore[arg-type] # its calls are the same


def settings_of(loaded: Settings) -> settings.ExportSettings:
    return settings.from_config(loaded)


@pytest.fixture(autouse=True)
def started(database: Engine) -> str:
    """An export that is due."""
    with Session(database) as session, session.begin():
        store.add(session, ADA, sources.FIRST, timedelta(days=7))
    return export(database).id


def export(database: Engine) -> ExportRow:
    with Session(database, expire_on_commit=False) as session:
        return session.scalars(select(ExportRow)).one()


def expire_lease(database: Engine) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(ExportRow).values(due_at=clock.now()))


class Web:
    """What a web process uses to read a file."""

    def __init__(self, database: Engine) -> None:
        self.database = sessionmaker(database)


def ready(database: Engine) -> Export:
    row = export(database)
    return Export(**{name: getattr(row, name) for name in Export.model_fields})


def texts(database: Engine) -> list[str]:
    """Return the texts of the posts in the file."""
    content = json.loads(b"".join(file.parts(Web(database), ready(database))))
    return [post["text"] for post in content["posts"]]


def run_to_the_end(maker: Maker, database: Engine) -> None:
    for _ in range(20):
        if export(database).due_at is None:
            return
        maker.run()
    raise AssertionError("the export did not end")


def test_export_is_made_in_turns_of_some_pages(maker: Maker, services: Services, database: Engine) -> None:
    maker.run()
    assert len(services.calls) == 3
    assert export(database).state == "making"
    run_to_the_end(maker, database)
    assert texts(database) == [f"Post {number}" for number in range(POSTS)]
    assert services.calls.count("notifications.send_notification") == 1


@pytest.mark.parametrize("call", range(1, 11))
def test_killed_process_is_continued_and_no_page_is_stored_twice(
    maker: Maker, services: Services, database: Engine, call: int
) -> None:
    def kill(number: int) -> None:
        if number == call:
            raise Killed

    services.before = kill
    with pytest.raises(Killed):
        run_to_the_end(maker, database)
    before = len(services.calls)
    maker.run()
    assert len(services.calls) == before  # its lease has not ended
    expire_lease(database)
    run_to_the_end(maker, database)
    assert texts(database) == [f"Post {number}" for number in range(POSTS)]


@pytest.mark.parametrize("commit", range(1, 25))
def test_process_killed_after_any_commit_is_continued(
    settings: Settings, services: Services, database: Engine, commit: int
) -> None:
    work = KilledAfterCommits(database, commit)
    options = replace(settings_of(settings), pause=0.0, pages=3)
    with suppress(Killed):
        run_to_the_end(Maker(work, services, options), database)  # type: ignore[arg-type] # its calls are the same
    expire_lease(database)
    run_to_the_end(Maker(unit_of_work(database), services, options), database)  # type: ignore[arg-type] # as above
    content = json.loads(b"".join(file.parts(Web(database), ready(database))))
    assert [post["text"] for post in content["posts"]] == [f"Post {number}" for number in range(POSTS)]
    assert len(content["exports"]) == 1


def test_process_that_lost_its_lease_stores_nothing(maker: Maker, services: Services, database: Engine) -> None:
    def take_over(number: int) -> None:
        if number == 3:
            with Session(database) as session, session.begin():
                session.execute(update(ExportRow).values(due_at=clock.now()))
                assert store.claim(session, 60)

    services.before = take_over
    maker.run()
    assert (len(services.calls), export(database).cursor, export(database).chunks) == (3, "1", 2)
    services.before = lambda _number: None
    expire_lease(database)
    run_to_the_end(maker, database)
    assert texts(database) == [f"Post {number}" for number in range(POSTS)]


@pytest.mark.parametrize("call", range(1, 11))
def test_erasure_while_an_export_is_made_leaves_nothing(
    maker: Maker, services: Services, database: Engine, call: int
) -> None:
    def erase(number: int) -> None:
        if number == call:
            with Session(database) as session, session.begin():
                store.delete_of(session, ADA)

    services.before = erase
    for _ in range(6):
        maker.run()
    with Session(database) as session:
        assert list(session.scalars(select(ExportRow))) == []
        assert list(session.scalars(select(ExportChunk))) == []


@pytest.mark.parametrize(
    "error", [Unavailable("Down."), DeadlineExceeded("Late."), MethodNotFound("export"), RemoteError()]
)
@pytest.mark.parametrize("call", [1, 4, 10])
def test_export_waits_after_an_error_of_a_service_and_goes_on(
    maker: Maker, services: Services, database: Engine, call: int, error: Exception
) -> None:
    def fail(number: int) -> None:
        if number == call:
            raise error

    services.before = fail
    for _ in range(6):
        maker.run()
    assert len(services.calls) == call  # it is due in half a minute
    assert export(database).due_at is not None
    expire_lease(database)
    run_to_the_end(maker, database)
    assert texts(database) == [f"Post {number}" for number in range(POSTS)]


def test_file_that_is_deleted_while_it_is_sent_is_not_completed(maker: Maker, database: Engine) -> None:
    run_to_the_end(maker, database)
    parts = file.parts(Web(database), ready(database))
    sent = [next(parts) for _ in range(5)]
    with Session(database) as session, session.begin():
        store.delete_of(session, ADA)
    with pytest.raises(ServiceError):
        sent.extend(parts)
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(sent))


def test_file_that_is_deleted_before_it_is_sent_is_unavailable(maker: Maker, database: Engine) -> None:
    run_to_the_end(maker, database)
    deleted = ready(database)
    with Session(database) as session, session.begin():
        store.delete_of(session, ADA)
    with pytest.raises(Unavailable):
        file.parts(Web(database), deleted)


def test_other_exports_have_their_turn(maker: Maker, database: Engine) -> None:
    other = new_id()
    with Session(database) as session, session.begin():
        store.add(session, other, sources.FIRST, timedelta(days=7))
    claimed: list[str] = []
    original = store.claim

    def claim(session: Session, lease: float) -> store.Claim | None:
        found = original(session, lease)
        if found:
            claimed.append(found.user_id)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "claim", claim)
        for _ in range(4):
            maker.run()
    assert claimed == [ADA, other, ADA, other]
