"""Reports of unhandled errors, as Sentry receives them from the SDK."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from nameko.exceptions import RemoteError

from chassis.errors import ServiceError
from chassis.observability import error_reports
from tests.integration.chassis.conftest import ADA, Start, Until
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import Rpc

ORDER: dict[str, Any] = {"item": "tea", "quantity": 1}


@pytest.fixture
def sentry(settings: dict[str, Any]) -> Iterator[FakeServer]:
    """Report to the fake Sentry until the test ends."""
    sentry = FakeServer(os.environ["BARAZA_ERRORS"])
    settings["sentry"] = {"dsn": os.environ["SENTRY_DSN"], "environment": "tests", "release": "1.2.3"}
    error_reports.start(settings, "orders.service")
    yield sentry
    sentry_sdk.init()


def test_unhandled_error_is_reported_with_ids_and_without_values(
    start: Start, rpc: Rpc, sentry: FakeServer, until: Until
) -> None:
    start(SampleOrders)
    with pytest.raises(RemoteError):
        rpc("orders.crash", ADA)
    until(sentry.received)
    (event,) = sentry.received()
    assert (event["release"], event["environment"]) == ("1.2.3", "tests")
    tags = {"component": "orders.service", "service": "orders", "method": "crash"}
    assert event["tags"].items() >= tags.items()
    assert event["user"] == {"id": ADA.user}
    (error,) = event["exception"]["values"]
    assert error["type"] == "KeyError"
    assert "SELECT" not in str(error["value"])
    assert error["stacktrace"]["frames"][-1]["function"] == "crash"
    assert not [frame for frame in error["stacktrace"]["frames"] if "vars" in frame]
    assert "request" not in event
    assert event["breadcrumbs"] == {"values": []}


def test_service_error_is_not_reported(start: Start, rpc: Rpc, sentry: FakeServer, until: Until) -> None:
    start(SampleOrders)
    with pytest.raises(ServiceError, match="sold out"):
        rpc("orders.place_and_fail", ADA, **ORDER)
    with pytest.raises(RemoteError):
        rpc("orders.crash", ADA)
    until(sentry.received)
    assert [event["tags"]["method"] for event in sentry.received()] == ["crash"]


def test_unhandled_error_in_a_handler_is_reported_at_each_attempt(
    start: Start, rpc: Rpc, sentry: FakeServer, until: Until
) -> None:
    SampleInvoices.handle = lambda _self, _event: 1 / 0  # type: ignore[assignment]
    start(SampleOrders, SampleInvoices)
    rpc("orders.place", ADA, **ORDER)
    until(lambda: len(sentry.received()) == 3)
    assert {event["tags"]["method"] for event in sentry.received()} == {"on_order_placed"}


@pytest.mark.parametrize("fault", [{"status": 500}, {"hang": 10}])
def test_calls_are_answered_while_sentry_fails_or_hangs(
    start: Start, rpc: Rpc, sentry: FakeServer, fault: dict[str, int]
) -> None:
    sentry.fail(**fault)
    start(SampleOrders)
    for _ in range(3):
        with pytest.raises(RemoteError):
            rpc("orders.crash", ADA)
    assert rpc("orders.place", ADA, **ORDER)["quantity"] == 1
