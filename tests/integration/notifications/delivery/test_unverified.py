"""Nothing is sent to an address that is not verified, however its delivery came about."""

from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from notifications.deliveries import DeliveriesService
from notifications.models import Delivery
from tests.integration.notifications.support import CreateDeliveries, Deliver, Rows, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer

NOT_VERIFIED = ("cancelled", "the address is not verified")
LIMIT = 200  # seconds; it takes about ten, and longer on a busy machine
MANY = 5000  # accounts, each with a delivery by e-mail and one by SMS


def unverified(accounts: Accounts, name: str, phone: str = "+254711000001") -> str:
    user = accounts.add(name, "email", "sms", phone=phone)
    accounts.change(user, unverified=["email", "sms"])
    return user


@pytest.mark.parametrize("channel", ["email", "sms"])
@pytest.mark.parametrize("forced", [False, True])
def test_delivery_is_cancelled_also_if_the_sender_chose_the_channel(
    accounts: Accounts, deliver: Deliver, mailbox: FakeServer, sms: FakeServer, *, channel: str, forced: bool
) -> None:
    rows = deliver(channel, unverified(accounts, "eve"), forced=forced)
    assert values(rows, "status", "last_error") == [NOT_VERIFIED]
    assert mailbox.received() == sms.received() == []


def test_address_that_is_verified_by_then_gets_the_delivery(
    accounts: Accounts, deliver: Deliver, mailbox: FakeServer
) -> None:
    eve = unverified(accounts, "eve")
    accounts.change(eve, unverified=["sms"])
    assert values(deliver("email", eve), "status") == ["sent"]
    assert len(mailbox.received("eve@example.org")) == 1


@pytest.mark.timeout(LIMIT + 60)
def test_none_of_ten_thousand_deliveries_to_unverified_addresses_is_sent(
    settings: dict[str, Any],
    start: Any,
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    database: Engine,
    rows: Rows,
    mailbox: FakeServer,
    sms: FakeServer,
) -> None:
    settings["notifications"]["delivery"]["batch"] = 1000
    users = [unverified(accounts, f"user{number}", f"+25472{number:07d}") for number in range(MANY)]
    verified = accounts.add("verified", "email", "sms", phone="+254711000002")
    start(UsersService, DeliveriesService)
    for channel in ("email", "sms"):
        create_deliveries(channel, *users, verified)
    due = select(func.count()).select_from(Delivery).where(Delivery.due_at.is_not(None))

    def finished() -> bool:
        with Session(database) as session:
            return session.scalar(due) == 0

    with eventlet.Timeout(LIMIT, AssertionError("deliveries are still due")):
        while not finished():
            eventlet.sleep(0.5)  # the services run in this process, and the count takes time
    assert values(rows("deliveries"), "status", "last_error").count(NOT_VERIFIED) == 2 * MANY
    assert [mail["to"] for mail in mailbox.received()] == [["verified@example.org"]]
    assert [message["number"] for message in sms.received()] == ["+254711000002"]
