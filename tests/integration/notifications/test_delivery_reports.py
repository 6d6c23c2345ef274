"""Delivery reports: in any order, any number of times, before and after the sender has written down what it sent."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, ServiceError
from notifications.channels import delivery_results
from notifications.channels.sms import sms_store
from notifications.contract import ReportDelivery
from notifications.delivery import delivery_store, receipts
from notifications.inbox import inbox_store
from tests.integration.notifications.conftest import Order, Rows, Until, sessions, user
from tests.integration.notifications.people import People
from tests.integration.support.rpc import Rpc

ID = "ATXid_1"
PHONE = "+254711000001"
TAKEN = delivery_results.sent(ID)

Report = Callable[..., None]
Status = Callable[[], tuple[str, str | None]]


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada", "sms", phone=PHONE)


@pytest.fixture
def report(told: ServiceRunner, rpc: Rpc) -> Report:  # noqa: ARG001 - the services start first
    """Say what the gateway says when a report comes."""

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


def record(database: Engine, claimed: delivery_store.Claim, outcome: delivery_results.Outcome = TAKEN) -> None:
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(claimed, outcome)])


@pytest.fixture
def sent(report: Report, ada: str, order: Order, database: Engine) -> None:  # noqa: ARG001 - after the services
    order("sms", ada)
    record(database, claim(database))


CASES = [
    (["Success"], "delivered", None),
    (["Failed"], "failed", "Failed"),
    (["Rejected"], "failed", "Rejected"),
    (["Sent", "Submitted", "Buffered", "Queued", "Teleported"], "sent", None),
    (["Sent", "Success"], "delivered", None),
    (["Success", "Success"], "delivered", None),
    (["Success", "Failed", "Sent"], "delivered", None),
    (["Failed", "Success"], "failed", "Failed"),
]


@pytest.mark.parametrize(("statuses", "status_now", "error"), CASES, ids=[" ".join(case[0]) for case in CASES])
@pytest.mark.usefixtures("sent")
def test_the_first_final_report_counts(
    report: Report, status: Status, statuses: list[str], status_now: str, error: str | None
) -> None:
    for one in statuses:
        report(one)
    assert status() == (status_now, error)


@pytest.mark.parametrize("statuses", [["Success"], ["Sent", "Success", "Failed"]])
def test_a_report_may_come_before_its_message_was_written_down(  # noqa: PLR0913, PLR0917 - fixtures
    ada: str, order: Order, database: Engine, report: Report, status: Status, statuses: list[str]
) -> None:
    order("sms", ada)
    claimed = claim(database)
    for one in statuses:
        report(one)
    assert status() == ("sending", None)
    record(database, claimed)
    assert status() == ("delivered", None)


def waits(database: Engine) -> bool:
    """Tell whether somebody waits for their turn; SQLite has one connection here, and the test holds it."""
    with database.connect() if database.dialect.name == "postgresql" else nullcontext() as connection:
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return connection is None or connection.execute(query).scalar_one() > 0


def receive(database: Engine) -> None:
    nobody: Any = None  # there is no opt-out to tell
    receipts.receive(sessions(database), nobody, ReportDelivery(provider_id=ID, status="Success"))


def test_a_report_that_meets_the_recording_half_way_is_not_lost(
    ada: str, order: Order, database: Engine, status: Status, until: Until
) -> None:
    order("sms", ada)
    claimed = claim(database)
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(claimed, TAKEN)])
        receiving = eventlet.spawn(receive, database)
        until(lambda: waits(database))
    receiving.wait()
    assert status() == ("delivered", None)


def test_a_recording_that_meets_a_report_half_way_finds_it(
    ada: str, order: Order, database: Engine, status: Status, until: Until
) -> None:
    order("sms", ada)
    claimed = claim(database)
    with Session(database) as session, session.begin():
        sms_store.take_report_turn(session, alone=False)
        sms_store.keep_report(session, ID, delivery_results.Outcome("delivered"))
        sms_store.settle(session, [ID])
        recording = eventlet.spawn(record, database, claimed)
        until(lambda: waits(database))
    recording.wait()
    assert status() == ("delivered", None)


@pytest.mark.usefixtures("sent")
def test_a_report_about_an_id_that_nobody_knows_changes_nothing(report: Report, status: Status) -> None:
    report("Success", provider_id="ATXid_2")
    assert status() == ("sent", None)


@pytest.mark.usefixtures("sent")
def test_a_reason_is_shown_as_long_as_it_is_words(report: Report, status: Status) -> None:
    report("Failed", "AbsentSubscriber")
    assert status() == ("failed", "Failed: AbsentSubscriber")


@pytest.mark.usefixtures("sent")
def test_a_reason_that_repeats_the_number_is_not_stored(report: Report, status: Status, rows: Rows) -> None:
    report("Failed", f"no route to {PHONE}")
    assert status() == ("failed", "Failed: refused")
    assert PHONE not in str(rows("delivery_reports"))


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    ("reason", "opted_out"), [("UserInBlackList", [PHONE]), ("DoNotDisturbRejection", []), ("AbsentSubscriber", [])]
)
def test_who_told_the_provider_to_stop_has_sms_switched_off(
    report: Report, people: People, reason: str, opted_out: list[str]
) -> None:
    report("Rejected", reason)
    assert people.opted_out == opted_out


@pytest.mark.usefixtures("sent")
def test_an_opt_out_that_cannot_be_told_is_rejected_and_a_repetition_tells_it(
    report: Report, people: People, status: Status
) -> None:
    people.failures = [1]
    with pytest.raises(ServiceError):
        report("Rejected", "UserInBlackList")
    report("Rejected", "UserInBlackList")
    assert people.opted_out == [PHONE]
    assert status() == ("failed", "Rejected: UserInBlackList")


def test_the_recipient_sees_what_was_reported(  # noqa: PLR0913, PLR0917 - fixtures
    ada: str, order: Order, database: Engine, report: Report, rpc: Rpc, rows: Rows
) -> None:
    notification = order("sms", ada)
    with Session(database) as session, session.begin():
        inbox_store.add_to_inbox(session, notification, [ada])
    record(database, claim(database))
    report("Success")
    (delivery,) = rpc("notifications.detail", user(ada), id=notification)["deliveries"]
    assert (delivery["channel"], delivery["status"], delivery["last_error"]) == ("sms", "delivered", None)
    assert rows("delivery_reports")


@pytest.mark.parametrize(("field", "value"), [("provider_id", "x" * 101), ("status", ""), ("phone", "0711")])
@pytest.mark.usefixtures("told")
def test_a_report_that_makes_no_sense_is_rejected_by_field(rpc: Rpc, field: str, value: str) -> None:
    with pytest.raises(Invalid) as rejection:
        rpc("notifications.delivery_report", **{"provider_id": ID, "status": "Success"} | {field: value})
    assert [one["field"] for one in rejection.value.errors] == [field]


@pytest.mark.usefixtures("told")
def test_only_the_gateway_brings_reports(rpc: Rpc) -> None:
    with pytest.raises(Forbidden):
        rpc("notifications.delivery_report", Caller("feeds"), provider_id=ID, status="Success")
