"""The outbox relay on SQLite and PostgreSQL."""

import json
import time
from datetime import timedelta
from typing import Any

import eventlet
import pytest

from chassis.amqp import message_headers
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.db.database import Database
from chassis.db.outbox import relay, store
from chassis.db.outbox.relay import OutboxRelay, Write
from chassis.errors import Conflict
from orders.models import Base
from tests.integration.chassis.conftest import Start
from tests.integration.chassis.db.outbox.conftest import Outbox
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Settings, Until


class InvoicesOfOrders(SampleInvoices):
    """A service on the database of orders; its process has no key of orders."""

    db = Database(Base, "orders")


def test_event_is_published_after_the_commit_and_leaves_the_outbox(orders: Outbox, until: Until) -> None:
    orders.start()
    started = time.monotonic()
    orders.place(1)
    until(orders.received)
    assert time.monotonic() - started < 6, "the commit wakes the relay up"
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
    orders.place(relay.BATCH * 2 + 50, "place_many")
    until(orders.empty)
    assert orders.received() == list(range(relay.BATCH * 2 + 50))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_relay_opens_no_database_connection_after_its_container_ended(
    orders: Outbox, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(relay, "SWEEP_INTERVAL", 0)
    container = next(iter(orders.start().containers))
    service_database = next(provider for provider in container.dependencies if isinstance(provider, Database))
    pool: Any = service_database.engine.pool
    orders.place(1)
    getattr(container, end)()
    eventlet.sleep(0.1)
    assert pool.checkedin() + pool.checkedout() == 0


def test_events_beyond_those_in_memory_are_published_in_order(
    orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    monkeypatch.setattr(relay, "MAX_IN_MEMORY", 5)
    orders.start()
    orders.place(20, "place_many")
    orders.place(20)
    started = time.monotonic()
    until(orders.empty)
    assert orders.received() == [*range(20), 20]
    assert time.monotonic() - started < 6, "the relay does not wait for the end of a lease"


def test_service_publishes_no_events_from_the_database_of_another(
    orders: Outbox, start: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    relays: list[str] = []
    run = OutboxRelay.run

    def record_and_run(self: OutboxRelay, write: Write, source: str) -> None:
        relays.append(self.container.service_name)
        run(self, write, source)

    monkeypatch.setattr(OutboxRelay, "run", record_and_run)
    start(SampleOrders, InvoicesOfOrders)
    orders.place(1)
    until(lambda: orders.received() == [1])
    assert relays == ["orders"]


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
    orders.leave(3, 60)
    orders.start()
    started = time.monotonic()
    orders.leave(2, 0.8)
    until(lambda: orders.received() == [1, 2])
    assert time.monotonic() - started > 0.6
    until(lambda: [row.payload["quantity"] for row in orders.rows()] == [3])


def test_backlog_is_published_without_pauses(orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SWEEP_INTERVAL", 60)
    monkeypatch.setattr(relay, "BATCH", 3)
    for quantity in range(10):
        orders.leave(quantity, -1)
    orders.start()
    until(lambda: orders.received() == list(range(10)))


def test_event_whose_lease_ends_too_soon_is_not_published_from_memory_too(
    orders: Outbox, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LEASE", timedelta(seconds=0.3))
    orders.start()
    orders.place(1)
    until(orders.empty)
    assert orders.received() == [1]
