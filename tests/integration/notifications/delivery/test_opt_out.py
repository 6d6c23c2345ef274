"""A channel that is switched off while a batch is being sent."""

from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from notifications.delivery import choices
from notifications.models import Notification, PostUpdate
from tests.integration.conftest import Until
from tests.integration.notifications.support import CreateDeliveries, Deliveries, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer

SLOW = 0.4  # seconds of the provider for each message
READERS = 8
BOUND = 0.25  # seconds, as docs/reliability.md says
OFF = ("cancelled", 0, "the channel was switched off")


@pytest.fixture
def readers(accounts: Accounts) -> list[str]:
    return [accounts.add(f"reader{n}", "email", "sms", phone=f"+25471100000{n}") for n in range(READERS)]


@pytest.fixture
def providers(mailbox: FakeServer, sms: FakeServer) -> dict[str, FakeServer]:
    """The providers, which are slow."""
    for provider in (mailbox, sms):
        provider.fail(hang=SLOW, count=100)
    return {"email": mailbox, "sms": sms}


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_message_whose_sending_begins_after_the_opt_out_is_not_sent(
    channel: Any,
    readers: list[str],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    finished: Deliveries,
    until: Until,
    providers: dict[str, FakeServer],
) -> None:
    for number, reader in enumerate(readers):
        start_delivery(channel, reader, message=f"text {number}")  # each text is a request of its own
    provider = providers[channel]
    until(lambda: len(provider.received()) >= 2)
    for reader in readers:
        accounts.change(reader, notify_by=["realtime"])
    eventlet.sleep(BOUND)
    begun = len(provider.received())
    deliveries = finished()
    assert len(provider.received()) <= begun + 1, "one may have begun just then"
    assert values(deliveries, "status", "attempts", "last_error").count(OFF) >= READERS - begun - 1
    assert begun < READERS - 1, "some were left"


def test_choices_are_read_once_if_the_provider_is_fast(
    readers: list[str],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    finished: Deliveries,
    mailbox: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choices, "MAX_AGE", 10)
    start_delivery("email", *readers)
    assert set(values(finished(), "status")) == {"sent"}
    assert (accounts.calls, len(mailbox.received())) == (1, READERS)


def test_changed_address_closed_account_and_deleted_post_count_during_a_batch(
    readers: list[str],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    finished: Deliveries,
    until: Until,
    providers: dict[str, FakeServer],
    database: Engine,
) -> None:
    first, *_, moved, closed = readers
    start_delivery("email", *readers)
    mailbox = providers["email"]
    until(mailbox.received)
    accounts.change(moved, email="new@example.org")
    accounts.close(closed)
    finished()
    assert len(mailbox.received("new@example.org")) == 1
    assert len(mailbox.received()) == READERS - 1
    notification = start_delivery("email", first, *readers[2:6])
    until(lambda: len(mailbox.received()) == READERS)
    with Session(database) as session, session.begin():
        post = new_id()
        session.execute(update(Notification).where(Notification.id == notification).values(source=post))
        session.add(PostUpdate(post_id=post, text=None, changed_at=clock.now()))
    deliveries = [row for row in finished() if row["notification_id"] == notification]
    assert "the post was deleted" in values(deliveries, "last_error")


def test_without_a_reply_of_users_the_rest_of_a_batch_waits(
    readers: list[str],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    finished: Deliveries,
    providers: dict[str, FakeServer],
) -> None:
    accounts.failing_calls = range(2, 4)
    start_delivery("email", *readers)
    assert set(values(finished(), "status", "attempts")) == {("sent", 1)}
    assert len(providers["email"].received()) == READERS
