"""Security notices are sent once, ahead of everything else, whatever channels the user has."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis import clock
from chassis.ids import new_id
from notifications.delivery.account_messages import NOT_VALID
from tests.integration.notifications.support import CreateDeliveries, Deliveries, Publish, Rows, Until, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.fakes import FakeServer
from users.contract import SecurityNotice, SecurityNoticeDetails, SecurityNoticeKind

ADDRESS, CLIENT, PROGRAM = "ada@example.org", "192.0.2.1", "curl/8.5.0"

Notify = Callable[..., SecurityNotice]


@pytest.fixture
def notify(publish: Publish, accounts: Accounts) -> Notify:
    """Publish that something happened: `notify("new_device")`."""

    def notify(kind: SecurityNoticeKind = "new_device", *, known: bool = True, again: Any = None) -> SecurityNotice:
        event = again or SecurityNotice(id=new_id(), user_id=new_id(), kind=kind, occurred_at=clock.now())
        if known:
            accounts.notices[event.id] = SecurityNoticeDetails(
                id=event.id,
                user_id=event.user_id,
                username="ada",
                channel="email",
                address=ADDRESS,
                kind=event.kind,
                occurred_at=event.occurred_at,
                client_address=CLIENT,
                user_agent=PROGRAM,
            )
        publish(event)
        return event

    return notify


@pytest.mark.usefixtures("with_deliveries")
def test_mail_says_what_happened_when_and_from_where_without_unsubscribe_link(
    notify: Notify, mailbox: FakeServer, until: Until
) -> None:
    event = notify()
    until(mailbox.received)
    (mail,) = mailbox.received(ADDRESS)
    content = str(mailbox.read(mail["id"]))
    for part in ("on a new device", f"{event.occurred_at:%Y-%m-%d %H:%M} UTC", CLIENT, PROGRAM, "If it was not you"):
        assert part in content
    assert "nsubscribe" not in content


@pytest.mark.usefixtures("with_deliveries")
def test_repeated_event_sends_one_mail(notify: Notify, mailbox: FakeServer, finished: Deliveries, until: Until) -> None:
    event = notify()
    notify(again=event)
    notify("password_changed")  # handled after them
    until(lambda: len(mailbox.received()) == 2)
    assert len(finished()) == 2


@pytest.mark.usefixtures("with_deliveries")
def test_notice_is_in_no_inbox_and_stored_without_details(
    notify: Notify, mailbox: FakeServer, until: Until, rows: Rows
) -> None:
    notify()
    until(mailbox.received)
    assert rows("inbox") == []
    tables = str([rows(table) for table in ("notifications", "deliveries")])
    assert [value for value in (ADDRESS, CLIENT, PROGRAM) if value in tables] == []


@pytest.mark.usefixtures("with_deliveries")
def test_notice_that_users_does_not_give_is_cancelled(
    notify: Notify, mailbox: FakeServer, until: Until, rows: Rows
) -> None:
    notify(known=False)
    until(lambda: values(rows("deliveries"), "status") == ["cancelled"])
    assert values(rows("deliveries"), "last_error") == [NOT_VALID]
    assert mailbox.received() == []


@pytest.mark.usefixtures("with_deliveries")
def test_notice_waits_while_users_is_unavailable(
    notify: Notify, accounts: Accounts, mailbox: FakeServer, finished: Deliveries, until: Until
) -> None:
    accounts.failing_calls = range(1, 4)
    notify()
    until(mailbox.received)
    assert values(finished(), "status", "attempts") == [("sent", 1)]


def test_notice_passes_a_batch_that_is_being_sent(  # noqa: PLR0913, PLR0917 - fixtures
    notify: Notify,
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    mailbox: FakeServer,
    until: Until,
    request: Any,
) -> None:
    request.getfixturevalue("with_deliveries")
    readers = [accounts.add(f"reader{n}", "email") for n in range(20)]
    mailbox.fail(hang=0.3, count=100)
    create_deliveries("email", *readers)
    until(mailbox.received)
    notify()
    until(lambda: mailbox.received(ADDRESS))
    assert len(mailbox.received()) < len(readers) / 2
