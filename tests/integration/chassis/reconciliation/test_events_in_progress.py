"""Events that are not lost are not handled again by the reconciliation."""

import time
from datetime import timedelta
from typing import Any

import eventlet
import pytest

from chassis.auth.caller import Caller
from chassis.db import tables
from chassis.errors import Forbidden
from chassis.reconciliation import reconciler
from chassis.service import Service
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import ADA, ON_SQLITE, PublishEvent, Start
from tests.integration.chassis.reconciliation.conftest import ReconciledInvoices, Shop
from tests.integration.chassis.sample_service import SampleOrders, fail_times
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import OPERATOR, Rpc

EVENTS = list(range(1, 21))


class OldOrders(Service):
    """The orders service of a release without an event log."""

    name = "orders"


@pytest.fixture
def usual_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine not look like a lost event."""
    monkeypatch.setattr(reconciler, "GRACE", timedelta(seconds=4))


@ON_SQLITE
@pytest.mark.usefixtures("usual_grace")
def test_backlog_is_handled_once(shop: Shop, until: Until, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings["max_workers"] = 2  # one for the reconciliation
    monkeypatch.setattr(ReconciledInvoices, "handle", lambda _invoices, _event: eventlet.sleep(0.2))
    shop.start_orders()
    shop.start_invoices()
    shop.place(*EVENTS)
    until(lambda: len(shop.received) >= len(EVENTS) and shop.reconciled())
    assert sorted(shop.received) == EVENTS


@pytest.mark.usefixtures("usual_grace")
def test_event_that_another_process_has_handled_is_not_handled_again(shop: Shop, until: Until) -> None:
    shop.start_orders()
    shop.start_invoices()
    shop.start_invoices()
    shop.place(*EVENTS)
    until(lambda: len(shop.received) >= len(EVENTS) and shop.reconciled())
    assert sorted(shop.received) == EVENTS


@pytest.mark.usefixtures("usual_grace")
def test_event_that_a_stopped_process_has_handled_is_not_handled_again(shop: Shop, until: Until) -> None:
    shop.start_orders()
    first = shop.start_invoices()
    until(shop.reconciled)
    shop.place(*EVENTS)
    until(lambda: len(shop.received) == len(EVENTS))
    first.stop()
    shop.start_invoices()
    until(lambda: shop.rows(tables.event_log) == len(EVENTS) and shop.reconciled())
    assert sorted(shop.received) == EVENTS


@ON_SQLITE
def test_event_that_waits_for_a_retry_is_not_handled_earlier(
    shop: Shop, until: Until, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []

    def fail_once(invoices: Any, event: OrderPlaced) -> None:
        times.append(time.monotonic())
        fail_times(1)(invoices, event)

    settings["retry"]["delays"] = [3]
    monkeypatch.setattr(ReconciledInvoices, "handle", fail_once)
    shop.start_orders()
    shop.start_invoices()
    shop.place(1)
    until(lambda: len(times) > 1)
    assert times[1] - times[0] > 2.5
    until(shop.reconciled)
    assert shop.received == [1, 1]


@ON_SQLITE
@pytest.mark.usefixtures("usual_grace")
def test_parked_event_is_not_handled_again(
    shop: Shop, until: Until, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings["retry"]["delays"] = []
    monkeypatch.setattr(ReconciledInvoices, "handle", fail_times(9))
    shop.start_orders()
    shop.start_invoices()
    shop.place(1)
    until(lambda: shop.received and shop.reconciled())
    assert shop.received == [1]


@ON_SQLITE
@pytest.mark.usefixtures("usual_grace")
def test_events_from_before_the_first_start_of_a_handler_are_not_fetched(
    shop: Shop, until: Until, settings: Settings
) -> None:
    settings["clock_skew"] = 0
    shop.start_orders()
    shop.place(*EVENTS)
    until(lambda: shop.rows(tables.event_log) == len(EVENTS))
    shop.start_invoices()
    until(shop.reconciled)
    shop.place(21)
    until(lambda: shop.received and shop.reconciled())
    assert shop.received == [21]


@ON_SQLITE
def test_events_of_a_source_without_a_log_are_handled(
    shop: Shop, start: Start, publish_event: PublishEvent, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    start(OldOrders)
    shop.start_invoices()
    until(lambda: "orders is of a release without an event log" in caplog.text)
    publish_event(1)
    until(lambda: shop.received == [1])


@pytest.mark.parametrize("caller", [ADA, OPERATOR, Caller("gateway", user="id-of-bob", staff=True)], ids=range(3))
def test_only_services_read_the_event_log(start: Start, rpc: Rpc, caller: Caller) -> None:
    start(SampleOrders)
    with pytest.raises(Forbidden):
        rpc("orders.events_since", caller, types=["order_placed"], after=0)
    with pytest.raises(Forbidden):
        rpc("orders.events_at", caller, positions=[1])
