"""E-mails to a real SMTP server."""

from typing import Any

import pytest

from notifications.channels.email import channel
from tests.integration.conftest import Until
from tests.integration.notifications.channels.endless_server import endless_server
from tests.integration.notifications.support import CreateDeliveries, Deliver, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer

pytestmark = pytest.mark.usefixtures("mailbox")


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada", "email")


@pytest.fixture
def ben(accounts: Accounts) -> str:
    return accounts.add("ben", "email")


def test_email_arrives_once_as_text_and_html(ada: str, deliver: Deliver, mailbox: FakeServer) -> None:
    (delivery,) = deliver("email", ada, title="Tea", message="Chai & <b>maandazi</b>?")
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("sent", 1, None)
    (summary,) = mailbox.received()
    mail = mailbox.read(summary["id"])
    assert (mail["to"], mail["subject"]) == (["ada@example.org"], "Tea")
    assert "Chai & <b>maandazi</b>?" in mail["text"]
    assert "Chai &amp; &lt;b&gt;maandazi&lt;/b&gt;?" in mail["html"]
    assert dict(mail["headers"])["Message-ID"].startswith(f"<{delivery['notification_id']}.{ada}@")


def test_unknown_recipient_fails_permanently_and_others_get_theirs(
    ada: str, ben: str, deliver: Deliver, mailbox: FakeServer
) -> None:
    mailbox.fail(rcpt="550 5.1.1 <ada@example.org> is unknown", to="ada@example.org")
    deliveries = deliver("email", ada, ben)
    assert values(deliveries, "status", "attempts", "last_error") == [
        ("failed", 1, "SMTP 550 5.1.1"),
        ("sent", 1, None),
    ]
    assert [mail["to"] for mail in mailbox.received()] == [["ben@example.org"]]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [(1, ("sent", 2, None)), (9, ("failed", 3, "SMTP 452 4.3.1"))],
    ids=["once", "every time"],
)
def test_transient_error_is_retried_until_the_last_attempt(
    ada: str, deliver: Deliver, mailbox: FakeServer, errors: int, expected: tuple[Any, ...]
) -> None:
    mailbox.fail(data="452 4.3.1 disk full", count=errors)
    assert values(deliver("email", ada), "status", "attempts", "last_error") == [expected]


def test_closed_account_and_switched_off_channel_get_no_email(
    ada: str, ben: str, accounts: Accounts, deliver: Deliver, mailbox: FakeServer
) -> None:
    accounts.close(ada)
    accounts.change(ben, notify_by=["realtime"])
    assert values(deliver("email", ada, ben), "status", "attempts", "last_error") == [
        ("cancelled", 0, "the account is closed"),
        ("cancelled", 0, "the channel was switched off"),
    ]
    assert mailbox.received() == []


def test_forced_channel_is_used_although_it_is_switched_off(ben: str, accounts: Accounts, deliver: Deliver) -> None:
    accounts.change(ben, notify_by=[])
    assert values(deliver("email", ben, forced=True), "status") == ["sent"]


def test_email_goes_to_the_current_address(ada: str, accounts: Accounts, deliver: Deliver, mailbox: FakeServer) -> None:
    accounts.change(ada, email="new@example.org")
    deliver("email", ada)
    assert [mail["to"] for mail in mailbox.received()] == [["new@example.org"]]


def test_unavailable_users_service_costs_no_attempt(ada: str, accounts: Accounts, deliver: Deliver) -> None:
    accounts.failing_calls = [1]
    assert values(deliver("email", ada), "status", "attempts") == [("sent", 1)]
    assert accounts.calls == 2


@pytest.mark.parametrize(
    ("replies", "attempts"), [((), 0), ((b"220 hello\r\n", b"250 hello\r\n"), 1)], ids=["greeting", "reply to a mail"]
)
def test_reply_that_never_ends_is_given_up_in_time(
    ada: str,
    start_delivery: CreateDeliveries,
    rows: Rows,
    until: Until,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    replies: tuple[bytes, ...],
    attempts: int,
) -> None:
    monkeypatch.setattr(channel, "LONGEST", 0.5)
    settings["notifications"]["delivery"]["backoff"] = [3600]  # one attempt
    port = endless_server(*replies, then=b"250-and\r\n")
    settings["notifications"]["email"] |= {"host": "127.0.0.1", "port": port}
    start_delivery("email", ada)
    until(lambda: values(rows("deliveries"), "last_error", "attempts") == [("SMTPServerDisconnected", attempts)])
