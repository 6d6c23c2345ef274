"""Unhandled errors as Sentry receives them, here Kent."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sentry_sdk
from nameko.exceptions import RemoteError

from chassis.errors import ServiceError
from chassis.observability import error_reports
from tests.integration.chassis.conftest import ADA, Start
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc

TIMEOUT = 30  # seconds
ORDER: dict[str, Any] = {"item": "tea", "quantity": 1}


class Kent:
    """The errors that Kent has received."""

    def __init__(self) -> None:
        self._url = os.environ["BARAZA_ERRORS"]
        requests.post(f"{self._url}/api/flush/", timeout=TIMEOUT).raise_for_status()

    def received(self) -> list[dict[str, Any]]:
        ids = [event["event_id"] for event in self._get("eventlist/")["events"]]
        items = [self._get(f"event/{event_id}")["payload"] for event_id in ids]
        return [item["body"] for item in items if item["header"]["type"] == "event"]

    def _get(self, path: str) -> Any:
        return requests.get(f"{self._url}/api/{path}", timeout=TIMEOUT).json()


def report_to(dsn: str, settings: Settings) -> None:
    settings["sentry"] = {"dsn": dsn, "environment": "tests", "release": "1.2.3"}
    error_reports.start(settings, "orders.service")


@pytest.fixture
def sentry(settings: Settings) -> Iterator[Kent]:
    """Report to Kent until the test ends."""
    kent = Kent()
    report_to(os.environ["SENTRY_DSN"], settings)
    yield kent
    sentry_sdk.init()


def test_unhandled_error_is_reported_with_ids_and_without_values(
    start: Start, rpc: Rpc, sentry: Kent, until: Until
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


def test_service_error_is_not_reported(start: Start, rpc: Rpc, sentry: Kent, until: Until) -> None:
    start(SampleOrders)
    with pytest.raises(ServiceError, match="sold out"):
        rpc("orders.place_and_fail", ADA, **ORDER)
    with pytest.raises(RemoteError):
        rpc("orders.crash", ADA)
    until(sentry.received)
    assert [event["tags"]["method"] for event in sentry.received()] == ["crash"]


def test_error_in_a_handler_is_reported_at_each_attempt(start: Start, rpc: Rpc, sentry: Kent, until: Until) -> None:
    SampleInvoices.handle = lambda _self, _event: 1 / 0  # type: ignore[assignment]
    start(SampleOrders, SampleInvoices)
    rpc("orders.place", ADA, **ORDER)
    until(lambda: len(sentry.received()) == 3)
    assert {event["tags"]["method"] for event in sentry.received()} == {"on_order_placed"}


@pytest.mark.parametrize("listens", [True, False], ids=["no response", "connection refused"])
def test_calls_work_while_sentry_is_unavailable(start: Start, rpc: Rpc, settings: Settings, *, listens: bool) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        report_to(f"http://key@127.0.0.1:{server.getsockname()[1]}/1", settings)
        start(SampleOrders)
        for _ in range(3):
            with pytest.raises(RemoteError):
                rpc("orders.crash", ADA)
        assert rpc("orders.place", ADA, **ORDER)["quantity"] == 1
        sentry_sdk.init()
