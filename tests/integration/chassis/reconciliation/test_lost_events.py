"""Events that are lost between the broker's confirm and the handler are fetched from the source's log."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update

from chassis.db import tables
from chassis.reconciliation.reconciler import Reconciler
from tests.integration.chassis.conftest import ON_SQLITE
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.reconciliation.conftest import QUEUE, ReconciledInvoices, Shop
from tests.integration.chassis.sample_service import fail_times
from tests.integration.conftest import Settings, Until


def test_events_published_while_the_queue_is_missing_are_handled_once(shop: Shop, until: Until) -> None:
    shop.lose_events()
    shop.start_invoices()
    until(lambda: len(shop.received) >= 4 and shop.reconciled())
    assert sorted(shop.received) == [1, 2, 3, 4]


@ON_SQLITE
def test_queue_that_is_deleted_again_and_again_loses_no_event(shop: Shop, until: Until) -> None:
    shop.start_orders()
    shop.start_invoices()
    until(shop.reconciled)
    for quantity in range(1, 31):
        shop.place(quantity)
        if quantity % 10 == 5:
            shop.delete_queue()
    until(lambda: set(shop.received) == set(range(1, 31)) and shop.reconciled())


@ON_SQLITE
def test_queue_that_lost_its_binding_is_bound_again(shop: Shop, until: Until, raw_client: RawAmqpClient) -> None:
    shop.start_orders()
    shop.start_invoices()
    until(shop.reconciled)
    raw_client.unbind(QUEUE, "orders.events", "order_placed")
    shop.place(1)
    until(lambda: shop.received == [1] and shop.reconciled())
    shop.place(2)
    until(
        lambda: shop.received == [1, 2],
    )
    until(shop.reconciled)
    assert shop.received == [1, 2]


@ON_SQLITE
def test_event_whose_retry_queue_is_deleted_is_handled(
    shop: Shop, until: Until, raw_client: RawAmqpClient, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings["retry"]["delays"] = [2]
    monkeypatch.setattr("chassis.events.tracker.MARGIN", 0.5)
    monkeypatch.setattr(ReconciledInvoices, "handle", fail_times(1))
    shop.start_orders()
    shop.start_invoices()
    shop.place(1)
    until(lambda: shop.received == [1])
    until(lambda: raw_client.depth(f"retry.2.{QUEUE}") == 1)
    raw_client.delete(f"retry.2.{QUEUE}")
    until(lambda: shop.received == [1, 1])


@ON_SQLITE
def test_event_that_is_lost_again_is_fetched_again(shop: Shop, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.lose_events()
    put = Reconciler._put  # noqa: SLF001 - the step before the queue
    lost: list[int] = []

    def lose_first(handler: Any, events: Sequence[Any]) -> None:
        if lost:
            put(handler, events)
        else:
            lost.extend(event.payload["quantity"] for event in events)

    monkeypatch.setattr(Reconciler, "_put", staticmethod(lose_first))
    shop.start_invoices()
    until(lambda: sorted(shop.received) == [1, 2, 3, 4] and shop.reconciled())
    assert sorted(lost) == [2, 3, 4]


def test_recovery_of_a_killed_process_is_continued_by_the_next_one(
    shop: Shop, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.lose_events()
    claimed: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(Reconciler, "_put", staticmethod(lambda _handler, events: claimed.extend(events)))
        killed = shop.start_invoices()
        until(lambda: claimed)
        killed.kill()
    shop.start_invoices()
    until(lambda: set(shop.received) == {1, 2, 3, 4} and shop.reconciled())


@ON_SQLITE
def test_events_that_a_killed_process_had_received_are_not_lost(shop: Shop, until: Until) -> None:
    shop.start_orders()
    first = shop.start_invoices()
    until(shop.reconciled)
    shop.place(*range(1, 11))
    until(lambda: len(shop.received) > 3)
    first.kill()
    shop.delete_queue()
    shop.start_invoices()
    until(lambda: set(shop.received) == set(range(1, 11)) and shop.reconciled())


@ON_SQLITE
def test_cursor_beyond_the_log_is_set_back(shop: Shop, until: Until, engine: Engine) -> None:
    shop.lose_events()
    with engine.begin() as connection:  # as after a restore of the source's database from a backup
        connection.execute(update(tables.event_cursors).values(position=1_000_000))
    shop.start_invoices()
    until(lambda: {2, 3, 4} <= set(shop.received) and shop.reconciled())


@ON_SQLITE
def test_lost_event_that_has_expired_is_logged(
    shop: Shop, until: Until, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.lose_events()
    monkeypatch.setattr(Reconciler, "_put", staticmethod(lambda _handler, _events: None))
    shop.start_invoices()
    until(lambda: shop.rows(tables.awaited_events) == 3)
    with engine.begin() as connection:
        connection.execute(delete(tables.event_log))
    until(lambda: "3 lost event(s)" in caplog.text)
    until(lambda: shop.rows(tables.awaited_events) == 0)
