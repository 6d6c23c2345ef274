"""Events that are lost between the broker's confirm and the handler are fetched from the source's log."""

from datetime import timedelta

import eventlet
import pytest
from sqlalchemy import Engine, update

from chassis import clock
from chassis.db import tables
from chassis.reconciliation import reconciler
from tests.integration.chassis.conftest import Start, Until
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.reconciliation.conftest import QUEUE, Count, Place, ReconciledInvoices
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders, fail_times


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "GRACE", timedelta(seconds=0.6))


@pytest.fixture(autouse=True)
def other_queue(raw_client: RawAmqpClient) -> str:
    """The queue of another handler of the same event: a publish counts as routed without the invoices' queue."""
    return raw_client.bind_event("orders", "order_placed")


def start_both(start: Start, until: Until, count: Count) -> None:
    """Start the services; wait until the consumer has compared the log for the first time."""
    start(SampleOrders)
    start(ReconciledInvoices)
    until(lambda: count("event_cursors") == 1)


def settled(count: Count) -> bool:
    return count("outbox") == count("awaited_events") == 0


def test_events_published_while_the_queue_is_missing_are_handled_once(
    start: Start, place: Place, until: Until, raw_client: RawAmqpClient, count: Count
) -> None:
    start(SampleOrders)
    consumer = start(ReconciledInvoices)
    until(lambda: count("event_cursors") == 1)
    place(1)
    until(lambda: SampleInvoices.received == [1] and count("event_log") == 1)
    consumer.stop()
    raw_client.delete(QUEUE)
    place(2, 3, 4)
    until(lambda: count("outbox") == 0)
    start(ReconciledInvoices)
    until(lambda: len(SampleInvoices.received) == 4 and settled(count))
    eventlet.sleep(1)
    assert sorted(SampleInvoices.received) == [1, 2, 3, 4]


def test_queue_that_is_deleted_again_and_again_loses_no_event(
    start: Start, place: Place, until: Until, raw_client: RawAmqpClient, count: Count
) -> None:
    start_both(start, until, count)
    for quantity in range(1, 31):
        place(quantity)
        if quantity % 10 == 5:
            raw_client.delete(QUEUE)
    until(lambda: set(SampleInvoices.received) == set(range(1, 31)) and settled(count))
