"""What is measured of events: what became of them, and where they wait."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis.errors import Conflict
from chassis.events import dead_letters
from tests.integration.chassis.conftest import Start, Tell, Until
from tests.integration.chassis.kitchen import Guests, TeaMade

QUEUE = "evt-feeds-tea_made--guests.on_tea_made"


def asleep(_guests: Guests, _event: TeaMade) -> None:
    raise Conflict("The guests are asleep.", "asleep")


def handled(outcome: str) -> float:
    labels = {"service": "guests", "handler": "on_tea_made", "outcome": outcome}
    return REGISTRY.get_sample_value("baraza_event_seconds_count", labels) or 0


def waiting(state: str) -> float | None:
    return REGISTRY.get_sample_value("baraza_waiting_events", {"service": "guests", "queue": QUEUE, "state": state})


def test_what_became_of_an_event_is_counted(start: Start, tell: Tell, until: Until, settings: dict[str, Any]) -> None:
    settings["retry"]["delays"] = [1]
    before = {outcome: handled(outcome) for outcome in ("ok", "retried", "parked")}
    start(Guests)
    tell(1)
    until(lambda: handled("ok") == before["ok"] + 1)
    Guests.behave = asleep
    tell(2)
    until(lambda: handled("retried") == before["retried"] + 1)
    until(lambda: handled("parked") == before["parked"] + 1)


def test_where_events_wait_is_measured(
    start: Start, tell: Tell, until: Until, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MEASURED", 0.2)
    monkeypatch.setattr(Guests, "behave", asleep)
    settings["retry"]["delays"] = [600]
    start(Guests)
    tell(1)
    until(lambda: (waiting("ready"), waiting("retrying"), waiting("parked")) == (0, 1, 0))
