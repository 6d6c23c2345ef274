"""Mails on their way to a real SMTP server."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from notifications.deliveries import DeliveriesService
from tests.integration.notifications.conftest import Order, Settled
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer

Start = Callable[..., ServiceRunner]


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada", "email")


@pytest.fixture
def ben(people: People) -> str:
    return people.add("ben", "email")


@pytest.fixture(autouse=True)
def _nothing_arrived(mailbox: FakeServer) -> None:
    assert mailbox.received() == []


@pytest.fixture
def deliver(start: Start, order: Order, settled: Settled) -> Callable[..., list[Any]]:
    """Order mails, run the service, and return the deliveries as they ended, in the order of the users."""

    def deliver(*users: str, **options: Any) -> list[Any]:
        start(UsersService, DeliveriesService)
        order("email", *users, **options)
        return settled()

    return deliver


def test_a_mail_arrives_once_in_text_and_html(ada: str, deliver: Callable[..., list[Any]], mailbox: FakeServer) -> None:
    (delivery,) = deliver(ada, title="Tea", message="Chai & <b>maandazi</b>?")
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("sent", 1, None)
    (summary,) = mailbox.received()
    mail = mailbox.read(summary["id"])
    assert (mail["to"], mail["subject"]) == (["ada@example.org"], "Tea")
    assert "Chai & <b>maandazi</b>?" in mail["text"]
    assert "Chai &amp; &lt;b&gt;maandazi&lt;/b&gt;?" in mail["html"]
    assert dict(mail["headers"])["Message-ID"].startswith(f"<{delivery['notification_id']}.{ada}@")


def test_a_recipient_who_does_not_exist_fails_for_good_and_alone(
    ada: str, ben: str, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    mailbox.fail(rcpt="550 5.1.1 <ada@example.org> is unknown", to="ada@example.org")
    first, second = deliver(ada, ben)
    assert (first["status"], first["attempts"], first["last_error"]) == ("failed", 1, "SMTP 550 5.1.1")
    assert second["status"] == "sent"
    assert [mail["to"] for mail in mailbox.received()] == [["ben@example.org"]]


def test_a_passing_rejection_is_tried_again(ada: str, deliver: Callable[..., list[Any]], mailbox: FakeServer) -> None:
    mailbox.fail(data="452 4.3.1 disk full")
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("sent", 2, None)


def test_what_keeps_failing_is_given_up_after_the_last_attempt(
    ada: str, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    mailbox.fail(data="452 4.3.1 disk full", count=9)
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("failed", 3, "SMTP 452 4.3.1")
    assert mailbox.received() == []


def test_a_connection_that_dies_costs_one_mail_an_attempt_and_the_others_none(
    ada: str, ben: str, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    mailbox.fail(drop=True)
    deliveries = deliver(ada, ben)
    assert {delivery["status"] for delivery in deliveries} == {"sent"}
    assert sorted(delivery["attempts"] for delivery in deliveries) == [1, 2]
    # The first copy was kept by the server before it died: at least once, and known by its Message-ID.
    mails = [dict(mailbox.read(mail["id"])["headers"]) for mail in mailbox.received()]
    assert len(mails) == 3
    assert len({mail["Message-ID"] for mail in mails}) == 2


def test_a_closed_account_and_a_channel_that_was_switched_off_get_nothing(
    ada: str, ben: str, people: People, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    people.close(ada)
    people.change(ben, notify_by=["realtime"])
    deliveries = deliver(ada, ben)
    assert [(one["status"], one["attempts"], one["last_error"]) for one in deliveries] == [
        ("cancelled", 0, "the account is closed"),
        ("cancelled", 0, "the channel was switched off"),
    ]
    assert mailbox.received() == []


def test_a_channel_that_the_sender_chose_is_used_whatever_the_user_chose(
    ben: str, people: People, deliver: Callable[..., list[Any]]
) -> None:
    people.change(ben, notify_by=[])
    (delivery,) = deliver(ben, chosen=True)
    assert delivery["status"] == "sent"


def test_an_address_counts_at_the_moment_of_sending(
    ada: str, people: People, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    people.change(ada, email="new@example.org")
    deliver(ada)
    assert [mail["to"] for mail in mailbox.received()] == [["new@example.org"]]


def test_without_the_users_service_deliveries_wait_and_no_attempt_is_lost(
    ada: str, people: People, deliver: Callable[..., list[Any]]
) -> None:
    people.failures = [1]
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"]) == ("sent", 1)


def test_hundreds_of_mails_go_out_each_once(
    people: People, deliver: Callable[..., list[Any]], mailbox: FakeServer
) -> None:
    users = [people.add(f"user{number}", "email") for number in range(250)]
    deliveries = deliver(*users)
    assert {delivery["status"] for delivery in deliveries} == {"sent"}
    assert len(mailbox.received()) == 250
