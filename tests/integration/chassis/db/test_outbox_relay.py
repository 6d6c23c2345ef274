"""The outbox relay on SQLite and PostgreSQL; its connection to the broker can be cut and frozen."""

import json
import time
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, insert, select

from chassis import clock
from chassis.amqp import message_headers, publisher
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.db import outbox, outbox_relay, tables
from chassis.db.database import Database
from chassis.db.outbox_relay import OutboxRelay
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict
from chassis.ids import new_id
from orders.models import Base
from tests.integration.chassis.conftest import ADA, ON_SQLITE, ORDER_ID, Start, Until
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Settings
from tests.integration.support.rpc import Rpc
from tests.integration.support.tcp_proxy import TcpProxy


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


class InvoicesOfOrders(SampleInvoices):
    """A service on the database of orders; its process has no key of orders."""

    db = Database(Base, "orders")


@pytest.fixture
def unbound(start: Start, engine: Engine, rpc: Rpc, raw_client: RawAmqpClient) -> Outbox:
    """An outbox whose events have no queue."""
    return Outbox(start, engine, rpc, raw_client)


@pytest.fixture
def orders(unbound: Outbox) -> Outbox:
    unbound.bind()
    return unbound


def test_event_is_published_after_the_commit_and_leaves_the_outbox(orders: Outbox, until: Until) -> None:
    orders.start()
    started = time.monotonic()
    orders.place(1)
    until(orders.received)
    assert time.monotonic() - started < 1.5, "the commit wakes the relay up"
    until(orders.empty)
    assert orders.received() == [1]


def test_event_of_a_rolled_back_transaction_is_not_published(orders: Outbox, until: Until) -> None:
    orders.start()
    with pytest.raises(Conflict):
        orders.place(1, "place_and_fail")
    orders.place(2)
    until(orders.received)
    assert orders.received() == [2]
    until(orders.empty)


def test_event_carries_the_signed_token_of_its_service_and_the_request_id(
    orders: Outbox, raw_client: RawAmqpClient, settings: Settings
) -> None:
    queue = raw_client.bind_event("orders", "#")
    orders.start()
    orders.place(1)
    message = raw_client.get(queue)
    headers = message.properties["application_headers"]
    token = headers[message_headers.PREFIX + message_headers.AUTH_TOKEN]
    event_id = message.properties["message_id"]
    signer = tokens.verify(token, "events", keyring.from_config(settings), subject=event_id)
    assert signer == Caller("orders")
    assert len(headers["nameko.request_id"]) == 36
    assert message.properties["delivery_mode"] == 2


def test_events_are_published_once_and_in_order(orders: Outbox, until: Until) -> None:
    orders.start()
    orders.place(outbox_relay.BATCH * 2 + 50, "place_many")
    until(orders.empty)
    assert orders.received() == list(range(outbox_relay.BATCH * 2 + 50))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_relay_opens_no_database_connection_after_its_container_ended(
    orders: Outbox, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(outbox_relay, "SWEEP_INTERVAL", 0)
    container = next(iter(orders.start().containers))
    service_database = next(provider for provider in container.dependencies if isinstance(provider, Database))
    pool: Any = service_database.engine.pool
    orders.place(1)
    getattr(container, end)()
    eventlet.sleep(0.1)
    assert pool.checkedin() + pool.checkedout() == 0


def test_write_succeeds_while_the_broker_is_down_and_its_event_follows(
    relay_proxy: TcpProxy, orders: Outbox, until: Until
) -> None:
    relay_proxy.cut()
    orders.start()
    for quantity in (1, 2, 3):
        orders.place(quantity)
    assert len(orders.rows()) == 3
    assert orders.received() == []
    relay_proxy.restore()
    until(orders.empty)
    assert orders.received() == [1, 2, 3]


def test_relay_reconnects_after_a_lost_connection(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.drop()
    orders.place(2)
    until(orders.empty)
    assert set(orders.received()) == {1, 2}


def test_event_of_a_failed_batch_is_not_overtaken_by_later_ones(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(outbox_relay, "SWEEP_INTERVAL", 2)
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.cut()
    orders.place(2)
    until(lambda: "the outbox relay failed" in caplog.text)
    relay_proxy.restore()
    for quantity in (3, 4, 5):
        orders.place(quantity)
    until(orders.empty)
    assert orders.received() == [1, 2, 3, 4, 5]


def test_events_of_an_outage_are_published_in_the_order_of_commits(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(outbox_relay, "SWEEP_INTERVAL", 2)
    monkeypatch.setattr(outbox_relay, "BATCH", 3)
    monkeypatch.setattr(outbox_relay, "MAX_IN_MEMORY", 5)
    relay_proxy.cut()
    orders.start()
    placed = list(range(1, 41))
    for quantity in placed[:20]:
        orders.place(quantity)
    until(lambda: caplog.text.count("the outbox relay failed") >= 2)
    relay_proxy.restore()
    for quantity in placed[20:]:
        orders.place(quantity)
    until(orders.empty)
    assert orders.received() == placed


def test_events_beyond_those_in_memory_are_published_in_order(
    orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "BATCH", 3)
    monkeypatch.setattr(outbox_relay, "MAX_IN_MEMORY", 5)
    orders.start()
    orders.place(20, "place_many")
    orders.place(20)
    started = time.monotonic()
    until(orders.empty)
    assert orders.received() == [*range(20), 20]
    assert time.monotonic() - started < 3, "the relay does not wait for the end of a lease"


def test_rows_of_a_relay_that_has_no_broker_are_published_by_another(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay_proxy.cut()
    orders.start()
    orders.place(1)
    until(lambda: "the outbox relay failed" in caplog.text)
    monkeypatch.setattr(outbox_relay, "BatchPublisher", publisher.BatchPublisher)
    started = time.monotonic()
    orders.start()
    until(orders.received)
    assert time.monotonic() - started < 5, "the lease was given back"


def test_service_publishes_no_events_from_the_database_of_another(
    orders: Outbox, start: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    relays: list[str] = []
    run = OutboxRelay.run

    def record_and_run(relay: OutboxRelay, transactions: UnitOfWork, source: str) -> None:
        relays.append(relay.container.service_name)
        run(relay, transactions, source)

    monkeypatch.setattr(OutboxRelay, "run", record_and_run)
    start(SampleOrders, InvoicesOfOrders)
    orders.place(1)
    until(lambda: orders.received() == [1])
    assert relays == ["orders"]


def test_relay_waits_only_seconds_for_a_paused_broker_and_loses_nothing(
    relay_proxy: TcpProxy,
    orders: Outbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(publisher, "CONFIRM_TIMEOUT", 0.3)
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze()
    started = time.monotonic()
    orders.place(2)
    assert time.monotonic() - started < 1.5, "calls do not wait for the relay"
    until(lambda: "the outbox relay failed and will retry: TimeoutError" in caplog.text)
    assert len(orders.rows()) == 1
    relay_proxy.thaw()
    until(orders.empty)
    assert set(orders.received()) == {1, 2}


def test_row_leaves_the_outbox_only_after_the_confirm(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze(to_server=False)
    orders.place(2)
    until(lambda: orders.received() == [1, 2])
    assert len(orders.rows()) == 1, "the confirm has not arrived"
    relay_proxy.thaw()
    until(orders.empty)
    assert orders.received() == [1, 2]


def test_durable_event_without_a_queue_stays_until_a_queue_is_bound(
    unbound: Outbox, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    unbound.start()
    unbound.place(1)
    until(lambda: "no queue is bound for order_placed yet: 1 event(s)" in caplog.text)
    assert len(unbound.rows()) == 1
    unbound.bind()
    until(unbound.empty)
    assert unbound.received() == [1]


def test_event_that_is_not_durable_is_dropped_without_a_queue_and_transient_with_one(
    orders: Outbox, until: Until, raw_client: RawAmqpClient
) -> None:
    orders.start()
    orders.place(1, "view")
    until(orders.empty)
    queue = raw_client.bind_event("orders", "order_viewed")
    orders.place(2, "view")
    message = raw_client.get(queue)
    assert (json.loads(message.body)["quantity"], message.properties["delivery_mode"]) == (2, 1)


def test_rows_of_a_killed_process_are_published_when_their_lease_expires(orders: Outbox, until: Until) -> None:
    orders.leave(1, -1)
    orders.leave(2, 0.8)
    orders.leave(3, 60)
    started = time.monotonic()
    orders.start()
    until(lambda: orders.received() == [1])
    until(lambda: orders.received() == [1, 2])
    assert time.monotonic() - started > 0.6
    until(lambda: [row.payload["quantity"] for row in orders.rows()] == [3])


def test_backlog_is_published_without_pauses(orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_relay, "SWEEP_INTERVAL", 60)
    monkeypatch.setattr(outbox_relay, "BATCH", 3)
    for quantity in range(10):
        orders.leave(quantity, -1)
    orders.start()
    until(lambda: orders.received() == list(range(10)))


def test_event_whose_lease_ends_too_soon_is_not_published_from_memory_too(
    orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(seconds=0.3))
    orders.start()
    orders.place(1)
    until(orders.empty)
    assert orders.received() == [1]


@ON_SQLITE
def test_stopping_service_publishes_its_remaining_events(relay_proxy: TcpProxy, orders: Outbox, until: Until) -> None:
    runner = orders.start()
    orders.place(1)
    until(orders.empty)
    relay_proxy.freeze()
    orders.place(outbox_relay.BATCH + 10, "place_many")
    stopping = eventlet.spawn(runner.stop)
    eventlet.sleep(0.1)
    relay_proxy.thaw()
    stopping.wait()
    assert orders.empty()
    assert len(orders.received()) == outbox_relay.BATCH + 11


@ON_SQLITE
def test_service_stops_while_the_broker_is_down_and_keeps_its_events(
    relay_proxy: TcpProxy, orders: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_relay, "PUBLISH_TIMEOUT", timedelta(seconds=1))
    relay_proxy.cut()
    runner = orders.start()
    orders.place(1)
    with eventlet.Timeout(8):
        runner.stop()
    assert len(orders.rows()) == 1


@ON_SQLITE
def test_idle_connection_is_kept_alive_by_heartbeats(
    relay_proxy: TcpProxy, orders: Outbox, until: Until, settings: Settings
) -> None:
    settings["HEARTBEAT"] = 1
    orders.start()
    orders.place(1)
    until(orders.empty)
    connections = relay_proxy.accepted
    started = time.monotonic()
    until(lambda: time.monotonic() - started > 3)
    orders.place(2)
    until(orders.empty)
    assert relay_proxy.accepted == connections
