"""Errors that nobody foresaw, as Sentry gets them from a real process."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from nameko.exceptions import RemoteError

from chassis.errors import ServiceError
from chassis.observability import error_reports
from tests.integration.chassis.conftest import ADA, Start, Until
from tests.integration.chassis.kitchen import Guests, SQLite
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import Rpc


@pytest.fixture
def sentry(settings: dict[str, Any]) -> Iterator[FakeServer]:
    """Report to Sentry's stand-in until the test ends."""
    twin = FakeServer(os.environ["BARAZA_ERRORS"])
    settings["sentry"] = {"dsn": os.environ["SENTRY_DSN"], "environment": "tests", "release": "1.2.3"}
    error_reports.start(settings, "feeds.service")
    yield twin
    sentry_sdk.init()


def test_an_error_in_a_method_is_reported_with_ids_and_without_words(
    start: Start, rpc: Rpc, sentry: FakeServer, until: Until
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


def test_a_refusal_is_no_error(start: Start, rpc: Rpc, sentry: FakeServer, until: Until) -> None:
    start(SQLite)
    with pytest.raises(ServiceError, match="spilled"):
        rpc("feeds.spill", ADA, cups=1)
    with pytest.raises(RemoteError):
        rpc("feeds.crash", ADA)
    until(sentry.received)
    assert [event["tags"]["method"] for event in sentry.received()] == ["crash"]


def test_an_error_in_a_handler_is_reported_each_time(start: Start, rpc: Rpc, sentry: FakeServer, until: Until) -> None:
    Guests.behave = lambda _self, _event: 1 / 0  # type: ignore[assignment]
    start(SQLite, Guests)
    rpc("feeds.make", ADA, cups=1)
    until(lambda: len(sentry.received()) == 3)  # and then it is parked
    assert {event["tags"]["method"] for event in sentry.received()} == {"on_tea_made"}


@pytest.mark.parametrize("fault", [{"status": 500}, {"hang": 10}])
def test_a_sentry_that_is_ill_changes_nothing(
    start: Start, rpc: Rpc, sentry: FakeServer, fault: dict[str, int]
) -> None:
    sentry.fail(**fault)
    start(SQLite)
    for _ in range(3):
        with pytest.raises(RemoteError):
            rpc("feeds.crash", ADA)
    assert rpc("feeds.make", ADA, cups=1) == {"cups": 1}
