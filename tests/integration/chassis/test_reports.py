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
from tests.integration.chassis.conftest import ADA, Start, Until
from tests.integration.chassis.kitchen import Guests, SQLite
from tests.integration.support.rpc import Rpc

TIMEOUT = 5  # seconds


class Kent:
    """The errors that Kent has received."""

    def __init__(self) -> None:
        self._url = os.environ["BARAZA_ERRORS"]
        requests.post(f"{self._url}/api/flush/", timeout=TIMEOUT).raise_for_status()

    def received(self) -> list[dict[str, Any]]:
        ids = [one["event_id"] for one in self._get("eventlist/")["events"]]
        items = [self._get(f"event/{event_id}")["payload"] for event_id in ids]
        return [item["body"] for item in items if item["header"]["type"] == "event"]

    def _get(self, path: str) -> Any:
        return requests.get(f"{self._url}/api/{path}", timeout=TIMEOUT).json()


def report_to(dsn: str, settings: dict[str, Any]) -> None:
    settings["sentry"] = {"dsn": dsn, "environment": "tests", "release": "1.2.3"}
    error_reports.start(settings, "feeds.service")


@pytest.fixture
def sentry(settings: dict[str, Any]) -> Iterator[Kent]:
    """Report to Kent until the test ends."""
    kent = Kent()
    report_to(os.environ["SENTRY_DSN"], settings)
    yield kent
    sentry_sdk.init()


def test_an_error_in_a_method_is_reported_with_ids_and_without_words(
    start: Start, rpc: Rpc, sentry: Kent, until: Until
) -> None:
    start(SQLite)
    with pytest.raises(RemoteError):
        rpc("feeds.crash", ADA)
    until(sentry.received)
    (event,) = sentry.received()
    assert (event["release"], event["environment"]) == ("1.2.3", "tests")
    tags = {"component": "feeds.service", "service": "feeds", "method": "crash"}
    assert event["tags"].items() >= tags.items()
    assert event["user"] == {"id": ADA.user}
    (error,) = event["exception"]["values"]
    assert error["type"] == "KeyError"
    assert "SELECT" not in str(event["exception"]["values"][0]["value"])
    assert error["stacktrace"]["frames"][-1]["function"] == "crash"
    assert not [frame for frame in error["stacktrace"]["frames"] if "vars" in frame]
    assert "request" not in event
    assert event["breadcrumbs"] == {"values": []}


def test_a_refusal_is_no_error(start: Start, rpc: Rpc, sentry: Kent, until: Until) -> None:
    start(SQLite)
    with pytest.raises(ServiceError, match="spilled"):
        rpc("feeds.spill", ADA, cups=1)
    with pytest.raises(RemoteError):
        rpc("feeds.crash", ADA)
    until(sentry.received)
    assert [event["tags"]["method"] for event in sentry.received()] == ["crash"]


def test_an_error_in_a_handler_is_reported_each_time(start: Start, rpc: Rpc, sentry: Kent, until: Until) -> None:
    Guests.behave = lambda _self, _event: 1 / 0  # type: ignore[assignment]
    start(SQLite, Guests)
    rpc("feeds.make", ADA, cups=1)
    until(lambda: len(sentry.received()) == 3)  # and then it is parked
    assert {event["tags"]["method"] for event in sentry.received()} == {"on_tea_made"}


@pytest.mark.parametrize("listens", [True, False], ids=["no response", "connection refused"])
def test_unavailable_sentry_changes_nothing(start: Start, rpc: Rpc, settings: dict[str, Any], listens: bool) -> None:  # noqa: FBT001 - a parameter
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        report_to(f"http://key@127.0.0.1:{server.getsockname()[1]}/1", settings)
        start(SQLite)
        for _ in range(3):
            with pytest.raises(RemoteError):
                rpc("feeds.crash", ADA)
        assert rpc("feeds.make", ADA, cups=1) == {"cups": 1}
        sentry_sdk.init()
