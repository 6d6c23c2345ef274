"""Notifications on the database that NOTIFICATIONS_DB_URI names: SQLite and PostgreSQL have to pass the same tests."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import nameko_sqlalchemy
import pytest
from nameko.runners import ServiceRunner
from notifications.wording import Content
from sqlalchemy import Engine, RowMapping, select
from sqlalchemy.orm import Session, sessionmaker

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.auth.caller import Caller
from chassis.db.tables import METADATA
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import new_id
from feeds.contract import PostCreated
from notifications.delivery import delivery_store
from notifications.inbox import inbox_store
from notifications.models import Base
from notifications.service import NotificationsService
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.databases import Databases
from tests.integration.support.fakes import FakeServer
from users.contract import Channel

# SQLite has one writer at a time anyway.
collect_ignore = [] if os.environ.get("NOTIFICATIONS_DB_URI", "").startswith("postgresql") else ["test_turns.py"]

Publish = Callable[..., PostCreated]
Rows = Callable[..., list[RowMapping]]
Until = Callable[[Callable[[], object]], None]
Order = Callable[..., str]
Settled = Callable[[], list[RowMapping]]


@pytest.fixture(autouse=True)
def quick(settings: dict[str, Any]) -> None:
    """Small pages, and no long waits."""
    settings["retry"]["delays"] = [1, 1]
    settings["notifications"]["audience"]["page"] = 3
    settings["notifications"]["delivery"] |= {"backoff": [0.2, 0.2], "lease": 10}


@pytest.fixture
def people() -> People:
    UsersService.people = People()
    return UsersService.people


@pytest.fixture
def database(databases: Databases) -> Engine:
    return databases.empty("notifications")


@pytest.fixture
def rows(database: Engine) -> Rows:
    """Read a table: `rows("inbox", user_id=...)`, in the order of their making."""

    def rows(table: str, **values: object) -> list[RowMapping]:
        found = (Base.metadata.tables | METADATA.tables)[table]
        query = select(found).filter_by(**values).order_by(*found.primary_key)
        with database.begin() as connection:
            return list(connection.execute(query).mappings())

    return rows


@pytest.fixture
def told(start: Callable[..., ServiceRunner], people: People) -> ServiceRunner:
    """Users and notifications, running."""
    assert people is UsersService.people
    return start(UsersService, NotificationsService)


@pytest.fixture
def publish(settings: dict[str, Any]) -> Iterator[Publish]:
    """Say what feeds says when somebody posted; with an event of before, say it again."""
    publisher = BatchPublisher(settings["AMQP_URI"], settings["HEARTBEAT"], "feeds", keyring.from_config(settings))

    def publish(author: str, text: str = "Karibu", event: PostCreated | None = None) -> PostCreated:
        event = event or PostCreated(
            id=new_id(), author_id=author, author_username="author", text=text, created_at=clock.now()
        )
        payload = event.model_dump(mode="json")
        assert publisher.publish([Envelope(new_id(), event.type, durable=True, payload=payload, request_id="-")])
        return event

    yield publish
    publisher.close()


def sessions(database: Engine) -> UnitOfWork:
    """Return transactions as services write them, without a service."""
    return UnitOfWork(sessionmaker(database, class_=nameko_sqlalchemy.database.Session))


def user(user_id: str) -> Caller:
    return Caller("gateway", user=user_id, username="somebody")


def staff(user_id: str) -> Caller:
    return Caller("gateway", user=user_id, username="boss", staff=True)


@pytest.fixture
def mailbox() -> FakeServer:
    return FakeServer(os.environ["BARAZA_MAILBOX"])


@pytest.fixture
def sms() -> FakeServer:
    return FakeServer(os.environ["BARAZA_SMS"])


@pytest.fixture
def order(database: Engine) -> Order:
    """Order deliveries as a fan-out does: `order("email", ada, ben)` returns the notification's id."""

    def order(channel: Channel, *users: str, title: str = "Tea", message: str = "Chai?", chosen: bool = False) -> str:
        with Session(database) as session, session.begin():
            notification = inbox_store.add(session, Content("message", title, message))
            delivery_store.add(session, notification.id, {channel: users}, chosen=chosen)
            return notification.id

    return order


@pytest.fixture
def settled(rows: Rows, until: Until) -> Settled:
    """Wait until nothing is due any more and return all deliveries."""

    def settled() -> list[RowMapping]:
        until(lambda: all(row["due_at"] is None for row in rows("deliveries")))
        return rows("deliveries")

    return settled
