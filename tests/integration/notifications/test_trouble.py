"""A provider that is away, for however long, costs nothing: its breaker opens, and nothing is claimed."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from nameko.runners import ServiceRunner

from notifications.deliveries import DeliveriesService
from tests.integration.notifications.conftest import Order, Rows, Settled, Until
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.support.tcp_proxy import TcpProxy

Start = Callable[..., ServiceRunner]


@pytest.fixture
def line(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    """Stand between the deliveries service and its mail server."""
    email = settings["notifications"]["email"]
    line = TcpProxy(f"smtp://nobody:nothing@{email['host']}:{email['port']}")
    email["port"] = urlsplit(line.uri).port
    yield line
    line.close()


@pytest.fixture
def breaker(settings: dict[str, Any], rpc: Rpc) -> Callable[[], str]:
    """Open after two failures, for a second; and what it says of mails."""
    settings["notifications"]["delivery"]["breaker"] = {"failures": 2, "open": 1}

    def breaker() -> str:
        return str(rpc("deliveries.status", OPERATOR)["items"][0]["breaker"])

    return breaker


def test_an_outage_costs_no_mail_and_no_attempt(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    line: TcpProxy,
    breaker: Callable[[], str],
    people: People,
    start: Start,
    order: Order,
    rows: Rows,
    until: Until,
    settled: Settled,
    mailbox: FakeServer,
) -> None:
    line.cut()
    start(UsersService, DeliveriesService)
    order("email", *(people.add(f"user{number}", "email") for number in range(30)))
    until(lambda: breaker() == "open" and not rows("deliveries", status="sending"))
    waiting = rows("deliveries")
    assert {(one["status"], one["attempts"]) for one in waiting} == {("pending", 0)}
    # Each failure has looked at one, and the others were given back.
    assert {one["last_error"] for one in waiting} == {"ConnectionRefusedError", None}
    until(lambda: breaker() == "half-open")
    line.restore()
    assert {(one["status"], one["attempts"]) for one in settled()} == {("sent", 1)}
    assert breaker() == "closed"
    assert len(mailbox.received()) == 30


def test_a_server_that_takes_a_mail_and_falls_silent_costs_that_mail_alone_an_attempt(  # noqa: PLR0913, PLR0917
    settings: dict[str, Any],
    breaker: Callable[[], str],
    people: People,
    start: Start,
    order: Order,
    settled: Settled,
    mailbox: FakeServer,
) -> None:
    settings["notifications"]["email"]["timeout"] = 1
    mailbox.fail(hang=3)
    start(UsersService, DeliveriesService)
    order("email", *(people.add(name, "email") for name in ("ada", "ben", "chebet")))
    deliveries = settled()
    assert {one["status"] for one in deliveries} == {"sent"}
    assert sorted(one["attempts"] for one in deliveries) == [1, 1, 2]
    assert len({dict(mailbox.read(mail["id"])["headers"])["Message-ID"] for mail in mailbox.received()}) == 3
    assert breaker() == "closed"


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_a_server_that_closes_in_the_middle_is_left_alone_and_then_gets_the_rest(  # noqa: PLR0913, PLR0917
    phase: str, people: People, start: Start, order: Order, settled: Settled, mailbox: FakeServer
) -> None:
    mailbox.fail(**{phase: "421 4.3.2 closing"})
    start(UsersService, DeliveriesService)
    order("email", *(people.add(name, "email") for name in ("ada", "ben")))
    deliveries = settled()
    assert {one["status"] for one in deliveries} == {"sent"}
    # Before RCPT the server had not looked at the mail, which therefore was not attempted.
    assert sum(one["attempts"] for one in deliveries) == (2 if phase == "mail" else 3)
    assert len(mailbox.received()) == 2


@pytest.mark.usefixtures("breaker")
def test_an_outage_of_the_sms_provider_costs_nothing_and_what_is_unknown_stays_so(  # noqa: PLR0913, PLR0917
    settings: dict[str, Any],
    people: People,
    start: Start,
    order: Order,
    rows: Rows,
    rpc: Rpc,
    until: Until,
    sms: FakeServer,
) -> None:
    settings["notifications"]["delivery"]["breaker"]["open"] = 3600
    sms.fail(status=502, text="bad gateway", count=9)
    start(UsersService, DeliveriesService)
    users = [people.add(f"user{number}", "sms", phone=f"+25471100000{number}") for number in range(4)]
    for number, user in enumerate(users):
        order("sms", user, message=f"number {number}")  # a request each
    until(lambda: rpc("deliveries.status", OPERATOR)["items"][1]["breaker"] == "open")
    until(lambda: not rows("deliveries", status="sending"))
    assert sorted(one["status"] for one in rows("deliveries")) == ["pending", "pending", "unknown", "unknown"]
    assert {one["attempts"] for one in rows("deliveries", status="pending")} == {0}
    assert rpc("deliveries.status", OPERATOR)["items"][0]["breaker"] == "closed"  # mails have one of their own
