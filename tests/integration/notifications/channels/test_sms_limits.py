"""Daily limits of SMS with concurrent senders."""

import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, update

from chassis import clock
from notifications.channels.sms.counter import Counter
from notifications.channels.sms.daily_limits import Limits
from notifications.models import SmsCount
from tests.integration.notifications.channels import reserve_sms
from tests.integration.notifications.support import Deliver, Rows, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.databases import unit_of_work
from tests.integration.support.fakes import FakeServer

PHONE = "+254711000001"
PROCESSES = 2
BUDGET_USED_UP = "today's budget for SMS is used up"

pytestmark = pytest.mark.usefixtures("sms")


@pytest.fixture
def sms_settings(settings: dict[str, Any]) -> dict[str, Any]:
    section: dict[str, Any] = settings["notifications"]["sms"]
    return section


def new_users(accounts: Accounts, count: int) -> list[str]:
    return [accounts.add(f"user{n}", "sms", phone=f"+254711{n:06d}") for n in range(count)]


def total(rows: Rows) -> int:
    return sum(row["used"] for row in rows("sms_counts", subject="all"))


def test_used_up_budget_cancels_sms_and_is_logged_once(
    accounts: Accounts,
    deliver: Deliver,
    sms: FakeServer,
    sms_settings: dict[str, Any],
    rows: Rows,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sms_settings["daily_budget"] = 3
    deliveries = deliver("sms", *new_users(accounts, 7))
    assert values(deliveries, "status") == ["sent"] * 3 + ["cancelled"] * 4
    assert set(values(deliveries[3:], "last_error")) == {BUDGET_USED_UP}
    assert len(sms.received()) == total(rows) == 3
    assert [record.levelname for record in caplog.records if "budget" in record.message] == ["ERROR"]


def test_sms_to_a_shared_number_is_counted_once_and_under_a_hash(
    accounts: Accounts, deliver: Deliver, sms: FakeServer, sms_settings: dict[str, Any], rows: Rows
) -> None:
    sms_settings["per_number"] = 1
    users = [*new_users(accounts, 2), accounts.add("shared", "sms", phone="+254711000000")]
    assert values(deliver("sms", *users, forced=True), "status") == ["sent", "sent", "sent"]
    assert len(sms.received()) == total(rows) == 2
    assert not [row for row in rows("sms_counts") if "711" in row["subject"] and len(row["subject"]) < 64]


def test_number_over_its_limit_gets_no_sms_and_other_numbers_do(
    accounts: Accounts, deliver: Deliver, sms_settings: dict[str, Any]
) -> None:
    sms_settings["per_number"] = 1
    first, second = new_users(accounts, 2)
    deliver("sms", first)
    assert values(deliver("sms", first, second)[1:], "status", "last_error") == [
        ("cancelled", "this number has had its 1 SMS for today"),
        ("sent", None),
    ]


@pytest.mark.parametrize(
    ("fault", "counted"),
    [({"close": True}, 1), ({"status": 503}, 1), ({"status": 400, "count": 9}, 0), ({"verdict": 403}, 0)],
    ids=["connection lost", "HTTP 503", "request rejected", "number rejected"],
)
def test_only_sms_that_were_certainly_not_sent_are_subtracted(
    accounts: Accounts, deliver: Deliver, sms: FakeServer, rows: Rows, fault: dict[str, Any], counted: int
) -> None:
    sms.fail(**fault)
    deliver("sms", *new_users(accounts, 1))
    assert total(rows) == counted
    assert values(rows("sms_counts"), "used") == [counted, counted]


def test_every_day_has_its_own_limits(database: Engine, rows: Rows) -> None:
    counter = Counter(unit_of_work(database), Limits(per_number=1, budget=1, key=b"key"))
    assert [len(counter.reserve([PHONE])[1].allowed) for _ in range(2)] == [1, 0]
    with database.begin() as connection:
        connection.execute(update(SmsCount).values(day=clock.now().date() - timedelta(days=1)))
    assert [len(counter.reserve([PHONE])[1].allowed) for _ in range(2)] == [1, 0]
    assert total(rows) == 2


def test_concurrent_processes_never_exceed_the_budget(database: Engine, rows: Rows) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = (sys.executable, "-W", "ignore", "-m", reserve_sms.__name__, url, "100", "60")
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ours
            )
            for _ in range(PROCESSES)
        ]
        assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * PROCESSES
        outputs = [eventlet.spawn(process.communicate, "go\n", timeout=60) for process in processes]
        assert sum(int(output.wait()[0]) for output in outputs) == total(rows) == 100


def test_concurrent_reserve_and_release_add_up(database: Engine, rows: Rows) -> None:
    counter = Counter(unit_of_work(database), Limits(per_number=1000, budget=None, key=b"key"))
    numbers = [PHONE, "+254711000002"]

    def reserve_and_release() -> None:
        for _ in range(5):
            day, decision = counter.reserve(numbers)
            eventlet.sleep(0)
            counter.release(day, decision.allowed[:1])

    for thread in [eventlet.spawn(reserve_and_release) for _ in range(4)]:
        thread.wait()
    assert sorted(values(rows("sms_counts"), "used")) == [0, 20, 20]
