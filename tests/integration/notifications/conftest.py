"""Fixtures for notifications, on the database that NOTIFICATIONS_DB_URI names: SQLite or PostgreSQL."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, RowMapping, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring
from chassis.contract import Event
from chassis.db.engine import WRITE
from chassis.db.tables import METADATA
from chassis.ids import new_id
from feeds.contract import PostCreated
from notifications.deliveries import DeliveriesService
from notifications.delivery import delivery_store
from notifications.inbox import notification_store
from notifications.models import Base
from notifications.service import NotificationsService
from notifications.texts import Content
from tests.integration.conftest import Until
from tests.integration.notifications.support import (
    CreateDeliveries,
    Deliver,
    Deliveries,
    Publish,
    PublishPost,
    Rows,
)
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer
from users.contract import Channel


@pytest.fixture(autouse=True)
def fast_settings(settings: dict[str, Any]) -> None:
    """Small pages and short intervals."""
    settings["retry"]["delays"] = [1, 1]
    settings["notifications"]["audience"]["page"] = 3
    settings["notifications"]["delivery"] |= {"interval": 0.05, "backoff": [0.1, 0.1], "lease": 10}


@pytest.fixture(autouse=True)
def accounts() -> Accounts:
    UsersService.accounts = Accounts()
    return UsersService.accounts


@pytest.fixture
def database(databases: Any) -> Engine:
    engine: Engine = databases.empty("notifications")
    return engine


@pytest.fixture
def rows(database: Engine) -> Rows:
    """Read a table in the order of creation: `rows("inbox", user_id=...)`."""

    def rows(table: str, **filters: object) -> list[RowMapping]:
        columns = (Base.metadata.tables | METADATA.tables)[table]
        query = select(columns).filter_by(**filters).order_by(*columns.primary_key)
        with database.connect().execution_options(**{WRITE: False}) as connection:
            return list(connection.execute(query).mappings())

    return rows


@pytest.fixture
def running(start: Callable[..., ServiceRunner]) -> ServiceRunner:
    """Run users and notifications."""
    return start(UsersService, NotificationsService)


@pytest.fixture
def with_deliveries(start: Callable[..., ServiceRunner]) -> ServiceRunner:
    """Run users, notifications and deliveries."""
    return start(UsersService, NotificationsService, DeliveriesService)


@pytest.fixture
def publish(settings: dict[str, Any]) -> Iterator[Publish]:
    """Publish an event in the name of the service that it comes from."""
    ring = keyring.from_config(settings)
    publishers: dict[str, BatchPublisher] = {}

    def publish(event: Event) -> None:
        if event.source not in publishers:
            publishers[event.source] = BatchPublisher(settings["AMQP_URI"], settings["HEARTBEAT"], event.source, ring)
        payload = event.model_dump(mode="json")
        envelope = Envelope(new_id(), event.type, durable=True, payload=payload, request_id="-")
        assert publishers[event.source].publish([envelope])

    yield publish
    for publisher in publishers.values():
        publisher.close()


@pytest.fixture
def publish_post(publish: Publish) -> PublishPost:
    """Publish a new post, or the same event again."""

    def publish_post(author: str, text: str = "Karibu", event: PostCreated | None = None) -> PostCreated:
        event = event or PostCreated(
            id=new_id(), author_id=author, author_username="author", text=text, created_at=clock.now()
        )
        publish(event)
        return event

    return publish_post


@pytest.fixture
def mailbox() -> FakeServer:
    return FakeServer(os.environ["BARAZA_MAILBOX"])


@pytest.fixture
def sms() -> FakeServer:
    return FakeServer(os.environ["BARAZA_SMS"])


@pytest.fixture
def create_deliveries(database: Engine) -> CreateDeliveries:
    """Create deliveries as a fan-out does: `create_deliveries("email", ada, ben)` returns the notification's id."""

    def create_deliveries(
        channel: Channel, *users: str, title: str = "Tea", message: str = "Chai?", forced: bool = False
    ) -> str:
        with Session(database) as session, session.begin():
            notification = notification_store.create(session, Content("message", title, message))
            delivery_store.create(session, channel, {notification.id: users}, channels_forced=forced)
            return notification.id

    return create_deliveries


@pytest.fixture
def finished(rows: Rows, until: Until) -> Deliveries:
    """Wait until no delivery is due, and return all."""

    def finished() -> list[RowMapping]:
        until(lambda: all(row["due_at"] is None for row in rows("deliveries")))
        return rows("deliveries")

    return finished


@pytest.fixture
def start_delivery(start: Callable[..., ServiceRunner], create_deliveries: CreateDeliveries) -> CreateDeliveries:
    """Create deliveries while the services run."""
    runners: list[ServiceRunner] = []

    def start_delivery(channel: str, *users: str, **options: Any) -> str:
        if not runners:
            runners.append(start(UsersService, DeliveriesService))
        return create_deliveries(channel, *users, **options)

    return start_delivery


@pytest.fixture
def deliver(start_delivery: CreateDeliveries, finished: Deliveries) -> Deliver:
    """Create deliveries while the services run; return all when they are finished, in the order of creation."""

    def deliver(channel: str, *users: str, **options: Any) -> list[RowMapping]:
        start_delivery(channel, *users, **options)
        return finished()

    return deliver
