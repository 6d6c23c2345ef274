"""Nothing is sent to an address that is not verified, however its delivery came about."""

from typing import Any

import pytest

from notifications.deliveries import DeliveriesService
from tests.integration.notifications.support import CreateDeliveries, Deliver, Deliveries, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer

NOT_VERIFIED = ("cancelled", "the address is not verified")
MANY = 250  # accounts, each with a delivery by e-mail and one by SMS


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


def test_none_of_hundreds_of_deliveries_to_unverified_addresses_is_sent(
    start: Any,
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    finished: Deliveries,
    mailbox: FakeServer,
    sms: FakeServer,
) -> None:
    users = [unverified(accounts, f"user{number}", f"+25472{number:07d}") for number in range(MANY)]
    verified = accounts.add("verified", "email", "sms", phone="+254711000002")
    start(UsersService, DeliveriesService)
    for channel in ("email", "sms"):
        create_deliveries(channel, *users, verified)
    assert values(finished(), "status", "last_error").count(NOT_VERIFIED) == 2 * MANY
    assert [mail["to"] for mail in mailbox.received()] == [["verified@example.org"]]
    assert [message["number"] for message in sms.received()] == ["+254711000002"]
