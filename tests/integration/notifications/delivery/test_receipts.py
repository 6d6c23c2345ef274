"""Delivery receipts: in any order, repeated, and before or after the delivery is recorded as sent."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.errors import ServiceError
from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import Receipt
from notifications.delivery import delivery_store, receipts, receipts_store
from tests.integration.conftest import Until
from tests.integration.notifications.support import CreateDeliveries, Rows
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.databases import unit_of_work
from tests.integration.support.rpc import Rpc

ID = "ATXid_1"
PHONE = "+254711000001"
DELIVERED = DeliveryResult("delivered")

Report = Callable[..., None]
Status = Callable[[], tuple[str, str | None]]


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada", "sms", phone=PHONE)


@pytest.fixture
def report(running: ServiceRunner, rpc: Rpc) -> Report:  # noqa: ARG001 - the services start first
    """Report a status as the gateway does."""

    def report(status: str, reason: str | None = None, provider_id: str = ID) -> None:
        rpc("notifications.delivery_report", provider_id=provider_id, status=status, reason=reason, phone=PHONE)

    return report


@pytest.fixture
def status(rows: Rows) -> Status:
    def status() -> tuple[str, str | None]:
        (row,) = rows("deliveries")
        return row["status"], row["last_error"]

    return status


def claim(database: Engine) -> delivery_store.Claim:
    with Session(database) as session, session.begin():
        (claimed,) = delivery_store.claim(session, "sms", 1, 60)
    return claimed


def record_sent(database: Engine, claimed: delivery_store.Claim) -> None:
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(claimed, delivery_results.sent(ID))])


@pytest.fixture
def claimed(ada: str, create_deliveries: CreateDeliveries, database: Engine) -> delivery_store.Claim:
    create_deliveries("sms", ada)
    return claim(database)


@pytest.fixture
def _sent(report: Report, ada: str, create_deliveries: CreateDeliveries, database: Engine) -> None:  # noqa: ARG001 - after the services
    create_deliveries("sms", ada)
    record_sent(database, claim(database))


CASES = [
    (["Rejected"], "failed", "Rejected"),
    (["Sent", "Submitted", "Buffered", "Queued", "Unheard"], "sent", None),
    (["Success", "Success", "Failed", "Sent"], "delivered", None),
    (["Sent", "Failed", "Success"], "failed", "Failed"),
]


@pytest.mark.parametrize(("reports", "expected", "error"), CASES, ids=[" ".join(case[0]) for case in CASES])
@pytest.mark.usefixtures("_sent")
def test_first_final_receipt_counts(
    report: Report, status: Status, reports: list[str], expected: str, error: str | None
) -> None:
    for reported in reports:
        report(reported)
    assert status() == (expected, error)


def test_receipt_before_the_delivery_is_recorded_is_applied_later(
    ada: str, create_deliveries: CreateDeliveries, database: Engine, report: Report, status: Status
) -> None:
    create_deliveries("sms", ada)
    claimed = claim(database)
    for reported in ("Sent", "Success", "Failed"):
        report(reported)
    assert status() == ("sending", None)
    record_sent(database, claimed)
    assert status() == ("delivered", None)


def is_waiting(database: Engine) -> bool:
    """Return whether a transaction waits for a lock. SQLite has one connection here, and the test holds it."""
    with database.connect() if database.dialect.name == "postgresql" else nullcontext() as connection:
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return connection is None or connection.execute(query).scalar_one() > 0


def test_receipt_during_the_recording_is_applied(
    claimed: delivery_store.Claim, database: Engine, status: Status, until: Until
) -> None:
    no_rpc: Any = None
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(claimed, delivery_results.sent(ID))])
        storing = eventlet.spawn(receipts.store, unit_of_work(database), no_rpc, Receipt("sms", ID, DELIVERED))
        until(lambda: is_waiting(database))
    storing.wait()
    assert status() == ("delivered", None)


def test_recording_during_a_receipt_applies_it(
    claimed: delivery_store.Claim, database: Engine, status: Status, until: Until
) -> None:
    with Session(database) as session, session.begin():
        receipts_store.lock(session, shared=True)
        receipts_store.add(session, ID, DELIVERED)
        receipts_store.apply(session, [ID])
        recording = eventlet.spawn(record_sent, database, claimed)
        until(lambda: is_waiting(database))
    recording.wait()
    assert status() == ("delivered", None)


@pytest.mark.usefixtures("_sent")
def test_receipt_with_an_unknown_id_changes_nothing(report: Report, status: Status) -> None:
    report("Success", provider_id="ATXid_2")
    assert status() == ("sent", None)


@pytest.mark.usefixtures("_sent")
def test_reason_that_contains_the_number_is_not_stored(report: Report, status: Status, rows: Rows) -> None:
    report("Failed", f"no route to {PHONE}")
    assert status() == ("failed", "Failed: refused")
    assert PHONE not in str(rows("delivery_reports"))


@pytest.mark.usefixtures("_sent")
def test_failed_opt_out_is_an_error_and_a_repeated_receipt_retries_it(
    report: Report, accounts: Accounts, status: Status
) -> None:
    accounts.failing_calls = [1]
    with pytest.raises(ServiceError):
        report("Rejected", "UserInBlackList")
    assert accounts.opted_out == []
    report("Rejected", "UserInBlackList")
    assert accounts.opted_out == [PHONE]
    assert status() == ("failed", "Rejected: UserInBlackList")
