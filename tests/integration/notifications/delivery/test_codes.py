"""One-time codes are stored nowhere, and have SMS budgets of their own."""

import re
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from notifications.delivery import admin
from notifications.fanout import account_messages
from tests.integration.conftest import Until
from tests.integration.notifications.delivery.conftest import ADDRESS, DIGITS, PHONE, Issue
from tests.integration.notifications.support import (
    CreateDeliveries,
    Deliveries,
    Rows,
    values,
)
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.databases import unit_of_work
from tests.integration.support.fakes import FakeServer
from users.contract import CodeIssued


@pytest.mark.usefixtures("with_deliveries")
def test_mail_has_the_digits_and_no_link_to_unsubscribe(issue: Issue, mailbox: FakeServer, until: Until) -> None:
    issue()
    until(mailbox.received)
    (mail,) = mailbox.received(ADDRESS)
    content = str(mailbox.read(mail["id"]))
    assert DIGITS in content
    assert "confirms this e-mail address" in content
    assert "nsubscribe" not in content


@pytest.mark.usefixtures("with_deliveries")
def test_sms_has_the_digits(issue: Issue, sms: FakeServer, until: Until) -> None:
    issue("sms", "reset_password")
    until(sms.received)
    (message,) = sms.received(PHONE)
    assert f"{DIGITS} sets a new password" in str(message)


@pytest.mark.usefixtures("with_deliveries")
def test_no_table_and_no_log_line_has_the_digits(
    issue: Issue, mailbox: FakeServer, finished: Deliveries, until: Until, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    issue()
    until(mailbox.received)
    finished()
    tables = ("notifications", "deliveries", "outbox", "event_log", "inbox")
    code = re.compile(f"(?<![0-9a-f]){DIGITS}(?![0-9a-f])")  # alone: ids may contain its digits by chance
    assert not code.search(str([rows(table) for table in tables]))
    assert not code.search(caplog.text)


@pytest.fixture(params=["other SMS", "codes"])
def used_up(request: pytest.FixtureRequest, settings: dict[str, Any]) -> str:
    """Set one of the two daily budgets to 0, before the services start."""
    section = settings["notifications"]["sms"]
    (section["codes"] if request.param == "codes" else section)["daily_budget"] = 0
    return str(request.param)


@pytest.mark.usefixtures("used_up", "with_deliveries")
def test_budgets_of_codes_and_other_sms_do_not_starve_each_other(
    issue: Issue,
    used_up: str,
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    finished: Deliveries,
    until: Until,
    rows: Rows,
    sms: FakeServer,
) -> None:
    create_deliveries("sms", accounts.add("reader", "sms", phone="+254711000002"))
    issue("sms", "verify_phone")
    until(lambda: len(rows("deliveries")) == 2)
    cancelled = [row for row in finished() if row["status"] == "cancelled"]
    assert values(cancelled, "urgent") == [used_up == "codes"]
    assert len(sms.received()) == 1


def test_code_that_has_expired_creates_no_delivery(database: Engine, rows: Rows) -> None:
    expired = CodeIssued(id=new_id(), user_id=new_id(), channel="email", purpose="verify_email", expires_at=clock.now())
    with Session(database) as session, session.begin():
        account_messages.create_code(session, expired)
    assert rows("deliveries") == []


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"channel": "email", **labels}) or 0


@pytest.mark.usefixtures("with_deliveries")
def test_waiting_and_sent_codes_are_measured(issue: Issue, accounts: Accounts, until: Until, database: Engine) -> None:
    sent = sample("baraza_code_deliveries_total", outcome="sent")

    def age() -> float:
        admin.measure(unit_of_work(database), ["email"])
        return sample("baraza_codes_due_age_seconds")

    accounts.failing_calls = range(1, 10**6)
    issue()
    until(age)
    accounts.failing_calls = []
    until(lambda: sample("baraza_code_deliveries_total", outcome="sent") == sent + 1)
    assert age() == 0
