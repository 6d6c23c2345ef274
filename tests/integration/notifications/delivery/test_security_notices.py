"""Security notices: what their mails say, and what is stored."""

import pytest

from tests.integration.conftest import Until
from tests.integration.notifications.delivery.conftest import ADDRESS, CLIENT, PROGRAM, Notify
from tests.integration.notifications.support import Rows
from tests.integration.support.fakes import FakeServer


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
def test_notice_is_in_no_inbox_and_stored_without_details(
    notify: Notify, mailbox: FakeServer, until: Until, rows: Rows
) -> None:
    notify()
    until(mailbox.received)
    assert rows("inbox") == []
    tables = str([rows(table) for table in ("notifications", "deliveries")])
    assert [value for value in (ADDRESS, CLIENT, PROGRAM) if value in tables] == []
