"""The outbox of a service that runs."""

import json
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, insert, select

from chassis import clock
from chassis.db import tables
from chassis.ids import new_id
from tests.integration.chassis.conftest import ADA, ORDER_ID, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleOrders
from tests.integration.support.rpc import Rpc


class Outbox:
    """The orders service, its outbox, and a queue for its events. The service runs after `start`."""

    def __init__(self, start: Start, engine: Engine, rpc: Rpc, raw_client: RawAmqpClient) -> None:
        self._start = start
        self._engine = engine
        self._rpc = rpc
        self._raw_client = raw_client
        self._queue = ""
        self._received: list[int] = []

    def start(self) -> ServiceRunner:
        """Run the service."""
        return self._start(SampleOrders)

    def place(self, quantity: int, method: str = "place") -> None:
        """Call a method that adds events to the outbox."""
        self._rpc(f"orders.{method}", ADA, item="tea", quantity=quantity)

    def bind(self) -> None:
        """Bind the queue that `received` reads."""
        self._queue = self._raw_client.bind_event("orders", "order_placed")

    def received(self) -> list[int]:
        """Return the quantities in all events so far, in the order of arrival."""
        while self._raw_client.depth(self._queue):
            self._received.append(json.loads(self._raw_client.get(self._queue).body)["quantity"])
        return self._received

    def rows(self) -> list[Any]:
        """Return the rows of the outbox."""
        with self._engine.begin() as connection:
            return list(connection.execute(select(tables.outbox).order_by(tables.outbox.c.id)))

    def empty(self) -> bool:
        """Return whether the outbox has no rows."""
        return not self.rows()

    def leave(self, quantity: int, lease: float) -> None:
        """Add a row as a killed process leaves it; its lease expires in `lease` seconds."""
        now = clock.now()
        row = {
            "id": new_id(),
            "type": "order_placed",
            "durable": True,
            "payload": {"order_id": ORDER_ID, "item": "tea", "quantity": quantity},
            "request_id": "-",
            "created_at": now,
            "leased_until": now + timedelta(seconds=lease),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(tables.outbox).values(row))


@pytest.fixture
def unbound(start: Start, engine: Engine, rpc: Rpc, raw_client: RawAmqpClient) -> Outbox:
    """An outbox whose events have no queue."""
    return Outbox(start, engine, rpc, raw_client)


@pytest.fixture
def orders(unbound: Outbox) -> Outbox:
    unbound.bind()
    return unbound
