"""Outages of a provider open the channel's circuit breaker and cost no attempts."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import RowMapping

from tests.integration.conftest import Until
from tests.integration.notifications.support import CreateDeliveries, Deliver, Deliveries, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.support.tcp_proxy import TcpProxy

State = Callable[[str], str]


@pytest.fixture
def proxy(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    """A TCP proxy between the deliveries service and the SMTP server."""
    email = settings["notifications"]["email"]
    proxy = TcpProxy(f"smtp://nobody:nothing@{email['host']}:{email['port']}")
    email["port"] = urlsplit(proxy.uri).port
    yield proxy
    proxy.close()


@pytest.fixture
def breaker(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of the breakers: two failures open them, and there is a try every second."""
    section: dict[str, Any] = {"failures": 2, "open": [1]}
    settings["notifications"]["delivery"]["breaker"] = section
    return section


@pytest.fixture
def state(rpc: Rpc) -> State:
    """Return the state of a channel's breaker."""

    def state(channel: str) -> str:
        items = {item["channel"]: item for item in rpc("deliveries.status", OPERATOR)["items"]}
        return str(items[channel]["breaker"])

    return state


@pytest.mark.usefixtures("breaker")
def test_outage_of_the_smtp_server_costs_no_email_and_no_attempt(
    proxy: TcpProxy,
    state: State,
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    rows: Rows,
    until: Until,
    finished: Deliveries,
    mailbox: FakeServer,
) -> None:
    proxy.cut()
    start_delivery("email", *(accounts.add(f"user{number}", "email") for number in range(30)))
    at_rest: list[RowMapping] = []

    def no_delivery_is_tried() -> bool:
        at_rest[:] = rows("deliveries") if state("email") == "open" else []
        return bool(at_rest) and "sending" not in values(at_rest, "status")

    until(no_delivery_is_tried)
    assert set(values(at_rest, "status", "attempts")) == {("pending", 0)}
    # Each failure has attempted one delivery; the other claims were released.
    assert set(values(at_rest, "last_error")) == {"ConnectionRefusedError", None}
    until(lambda: state("email") == "half-open")
    proxy.restore()
    assert set(values(finished(), "status", "attempts")) == {("sent", 1)}
    assert state("email") == "closed"
    assert len(mailbox.received()) == 30


@pytest.mark.usefixtures("breaker")
@pytest.mark.parametrize("fault", [{"hang": 60}, {"drop": True}], ids=["timeout", "lost connection"])
def test_email_without_a_reply_costs_only_that_email_an_attempt(
    settings: dict[str, Any],
    state: State,
    accounts: Accounts,
    deliver: Deliver,
    mailbox: FakeServer,
    fault: dict[str, Any],
) -> None:
    settings["notifications"]["email"]["timeout"] = 3  # enough for the other e-mails on a busy machine
    mailbox.fail(**fault)  # after the server has stored the e-mail
    deliveries = deliver("email", *(accounts.add(name, "email") for name in ("ada", "ben", "chebet")))
    assert set(values(deliveries, "status")) == {"sent"}
    assert sorted(values(deliveries, "attempts")) == [1, 1, 2]
    ids = [dict(mailbox.read(mail["id"])["headers"])["Message-ID"] for mail in mailbox.received()]
    assert (len(ids), len(set(ids))) == (4, 3)
    assert state("email") == "closed"


@pytest.mark.parametrize(("phase", "attempts"), [("mail", 2), ("rcpt", 3), ("data", 3)])
def test_reply_421_ends_the_batch_and_the_rest_is_sent_later(
    phase: str, attempts: int, accounts: Accounts, deliver: Deliver, mailbox: FakeServer
) -> None:
    mailbox.fail(**{phase: "421 4.3.2 closing"})
    deliveries = deliver("email", *(accounts.add(name, "email") for name in ("ada", "ben")))
    assert set(values(deliveries, "status")) == {"sent"}
    # Before RCPT the server has not looked at the e-mail: the attempt does not count.
    assert sum(values(deliveries, "attempts")) == attempts
    assert len(mailbox.received()) == 2


def test_outage_of_the_sms_provider_opens_only_its_breaker(
    breaker: dict[str, Any],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    rows: Rows,
    state: State,
    until: Until,
    sms: FakeServer,
) -> None:
    breaker["open"] = [3600]
    sms.fail(status=502, text="bad gateway", count=9)
    users = [accounts.add(f"user{number}", "sms", phone=f"+25471100000{number}") for number in range(4)]
    for number, user in enumerate(users):
        start_delivery("sms", user, message=f"number {number}")  # one request each
    until(lambda: state("sms") == "open" and not rows("deliveries", status="sending"))
    assert sorted(values(rows("deliveries"), "status")) == ["pending", "pending", "unknown", "unknown"]
    assert set(values(rows("deliveries", status="pending"), "attempts")) == {0}
    assert state("email") == "closed"
