"""Metrics of events: the outcomes of handlers, and the number of waiting events."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis.events import dead_letters
from tests.integration.chassis.conftest import PublishEvent, Start, Until
from tests.integration.chassis.sample_service import SampleInvoices, fail

QUEUE = "evt-orders-order_placed--invoices.on_order_placed"


def handled(outcome: str) -> float:
    labels = {"service": "invoices", "handler": "on_order_placed", "outcome": outcome}
    return REGISTRY.get_sample_value("baraza_event_seconds_count", labels) or 0


def waiting(state: str) -> float | None:
    return REGISTRY.get_sample_value("baraza_waiting_events", {"service": "invoices", "queue": QUEUE, "state": state})


def test_outcomes_of_a_handler_are_counted(
    start: Start, publish_event: PublishEvent, until: Until, settings: dict[str, Any]
) -> None:
    settings["retry"]["delays"] = [1]
    before = {outcome: handled(outcome) for outcome in ("ok", "retried", "parked")}
    start(SampleInvoices)
    publish_event(1)
    until(lambda: handled("ok") == before["ok"] + 1)
    SampleInvoices.handle = fail
    publish_event(2)
    until(lambda: handled("retried") == before["retried"] + 1)
    until(lambda: handled("parked") == before["parked"] + 1)


def test_waiting_events_are_counted_by_state(
    start: Start,
    publish_event: PublishEvent,
    until: Until,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dead_letters, "MEASURE_INTERVAL", 0.2)
    monkeypatch.setattr(SampleInvoices, "handle", fail)
    settings["retry"]["delays"] = [600]
    start(SampleInvoices)
    publish_event(1)
    until(lambda: (waiting("ready"), waiting("retrying"), waiting("parked")) == (0, 1, 0))
