"""Orders and invoices that keep what they reconcile in a database: SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from sqlalchemy import Engine, func, select

from chassis.db import tables
from chassis.db.database import Database
from chassis.events.handler import event_handler
from chassis.service import ListeningService
from orders.contract import OrderPlaced
from orders.models import Base
from tests.integration.chassis.conftest import ADA
from tests.integration.chassis.sample_service import SampleInvoices, succeed
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import Rpc

QUEUE = "evt-orders-order_placed--invoices.on_order_placed"

Place = Callable[..., None]
Count = Callable[[str], int]


class ReconciledInvoices(ListeningService):
    """SampleInvoices with a database."""

    name = "invoices"
    db = Database(Base, "orders")
    handle: ClassVar[Callable[[Any, OrderPlaced], None]] = succeed

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None:
        """Record the event."""
        SampleInvoices.received.append(event.quantity)
        ReconciledInvoices.handle(self, event)


@pytest.fixture(autouse=True)
def short_intervals(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    settings["events"]["reconcile"] = 0.2
    monkeypatch.setattr(ReconciledInvoices, "handle", succeed)


@pytest.fixture(autouse=True, params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, settings: dict[str, Any], database: Engine, databases: Databases
) -> Iterator[Engine]:
    """The database of both services, on PostgreSQL in the database of another service."""
    if request.param == "sqlite":
        yield database
        return
    engine = databases.empty("users")
    settings["orders"] = {"database": settings["users"]["database"]}
    Base.metadata.create_all(engine)
    yield engine
    databases.empty("users")
    Base.metadata.drop_all(engine)


@pytest.fixture
def place(rpc: Rpc) -> Place:
    """Place orders with these quantities."""

    def place(*quantities: int) -> None:
        for quantity in quantities:
            rpc("orders.place", ADA, item="tea", quantity=quantity)

    return place


@pytest.fixture
def count(engine: Engine) -> Count:
    """Count the rows in a table of the chassis."""

    def count(table: str) -> int:
        with engine.begin() as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.METADATA.tables[table])) or 0)

    return count
