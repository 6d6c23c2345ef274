"""Codes and security notices are sent once, ahead of everything else, and are in no inbox."""

from collections.abc import Callable
from typing import Any

import pytest

from notifications.delivery.account_messages import NOT_VALID
from tests.integration.conftest import Settings, Until
from tests.integration.notifications.delivery.conftest import ADDRESS
from tests.integration.notifications.support import CreateDeliveries, Deliveries, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer

HANG = 100  # seconds; longer than the test runs

Send = Callable[..., Any]


@pytest.fixture(params=["issue", "notify"], ids=["code", "notice"])
def send(request: pytest.FixtureRequest) -> Send:
    """Publish the event of a code or a notice."""
    sender: Send = request.getfixturevalue(request.param)
    return sender


@pytest.mark.usefixtures("with_deliveries")
def test_repeated_event_sends_one_mail(send: Send, mailbox: FakeServer, finished: Deliveries, until: Until) -> None:
    event = send()
    send(again=event)
    other = send()  # handled after them
    until(lambda: len(mailbox.received()) == 2)
    assert len(finished()) == 2
    assert other.id != event.id


@pytest.mark.usefixtures("with_deliveries")
def test_message_is_in_no_inbox(send: Send, mailbox: FakeServer, until: Until, rows: Rows) -> None:
    send()
    until(mailbox.received)
    assert rows("inbox") == []


@pytest.mark.usefixtures("with_deliveries")
def test_message_that_users_does_not_give_is_cancelled(
    send: Send, mailbox: FakeServer, until: Until, rows: Rows
) -> None:
    send(known=False)
    until(lambda: values(rows("deliveries"), "status") == ["cancelled"])
    assert values(rows("deliveries"), "last_error") == [NOT_VALID]
    assert mailbox.received() == []


def test_message_passes_a_batch_that_is_being_sent(
    send: Send,
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    mailbox: FakeServer,
    until: Until,
    settings: Settings,
    request: pytest.FixtureRequest,
) -> None:
    settings["notifications"]["email"]["timeout"] = HANG
    request.getfixturevalue("with_deliveries")
    readers = [accounts.add(f"reader{n}", "email") for n in range(20)]
    mailbox.fail(hang=HANG)
    create_deliveries("email", *readers)
    until(mailbox.received)
    send()
    until(lambda: mailbox.received(ADDRESS))
    assert len(mailbox.received()) == 2


@pytest.mark.usefixtures("with_deliveries")
def test_message_waits_while_users_is_unavailable(
    send: Send, accounts: Accounts, mailbox: FakeServer, finished: Deliveries, until: Until
) -> None:
    accounts.failing_calls = range(1, 4)
    send()
    until(mailbox.received)
    assert values(finished(), "status", "attempts") == [("sent", 1)]
