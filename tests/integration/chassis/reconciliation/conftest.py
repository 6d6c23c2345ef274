"""Orders and invoices that reconcile their events, in a database: SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, Table, func, select

from chassis.db import tables
from chassis.db.database import Database
from chassis.events.handler import event_handler
from chassis.reconciliation import reconciler
from chassis.service import ListeningService
from orders.contract import OrderPlaced
from orders.models import Base
from tests.integration.chassis.conftest import ADA, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders, succeed
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc

QUEUE = "evt-orders-order_placed--invoices.on_order_placed"


class ReconciledInvoices(ListeningService):
    """SampleInvoices with a database."""

    name = "invoices"
    db = Database(Base, "orders")
    handle: ClassVar[Callable[[Any, OrderPlaced], None]] = succeed

    @property
    def received(self) -> list[int]:
        """The quantities of all orders whose events were received, in this order."""
        return SampleInvoices.received

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None:
        """Record the event, then do what the test wants."""
        self.received.append(event.quantity)
        ReconciledInvoices.handle(self, event)


class Shop:
    """Both services and their tables. Another queue has every event, so that a publish always counts as routed."""

    def __init__(self, start: Start, until: Until, rpc: Rpc, raw_client: RawAmqpClient, engine: Engine) -> None:
        self._start = start
        self._until = until
        self._rpc = rpc
        self._raw_client = raw_client
        self._engine = engine
        raw_client.bind_event("orders", "order_placed")

    @property
    def received(self) -> list[int]:
        """The quantities of the orders whose events were handled, in this order."""
        return SampleInvoices.received

    def start_orders(self) -> None:
        """Run the source."""
        self._start(SampleOrders)

    def start_invoices(self) -> ServiceRunner:
        """Run a process of the consumer."""
        return self._start(ReconciledInvoices)

    def place(self, *quantities: int) -> None:
        """Place orders with these quantities."""
        for quantity in quantities:
            self._rpc("orders.place", ADA, item="tea", quantity=quantity)

    def delete_queue(self) -> None:
        """Delete the consumer's queue with its events."""
        self._raw_client.delete(QUEUE)

    def lose_events(self) -> None:
        """Have order 1 handled; place orders 2, 3 and 4 while the consumer is down and its queue is missing."""
        self.start_orders()
        consumer = self.start_invoices()
        self.place(1)
        self._until(lambda: self.received == [1] and self.reconciled())
        consumer.kill()
        self.delete_queue()
        self.place(2, 3, 4)
        self._until(lambda: self.rows(tables.event_log) == 4)

    def rows(self, table: Table) -> int:
        """Count the rows of a table."""
        with self._engine.begin() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)

    def reconciled(self) -> bool:
        """Return whether the log has all events and no handler awaits one: then none can be handled again."""
        if self.rows(tables.outbox):  # read first: an event moves from there to the log, and then the cursors move
            return False
        with self._engine.begin() as connection:
            newest = connection.scalar(select(func.max(tables.event_log.c.position))) or 0
            positions = set(connection.scalars(select(tables.event_cursors.c.position)))
        return positions == {newest} and self.rows(tables.awaited_events) == 0


@pytest.fixture(autouse=True)
def short_intervals(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings["events"]["reconcile"] = 0.2
    monkeypatch.setattr(reconciler, "GRACE", timedelta(seconds=0.6))
    monkeypatch.setattr(reconciler, "RECOVERY_TIME", timedelta(seconds=4))  # else a slow handler gets it again
    monkeypatch.setattr(ReconciledInvoices, "handle", succeed)


@pytest.fixture
def shop(start: Start, until: Until, rpc: Rpc, raw_client: RawAmqpClient, engine: Engine) -> Shop:
    return Shop(start, until, rpc, raw_client, engine)
