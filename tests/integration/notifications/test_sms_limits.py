"""Limits of SMS a day: never exceeded by one message, however many send at a time."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications.channels.base import Outgoing
from notifications.channels.sms.account import SmsAccount
from notifications.channels.sms.channel import Sms
from notifications.channels.sms.counter import Counter
from notifications.channels.sms.daily_limits import Limits
from notifications.deliveries import DeliveriesService
from notifications.models import SmsCount
from tests.integration.notifications.conftest import Order, Rows, Settled, sessions
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer
from tests.integration.support.pagination import WITH_REAL_SERVICES

Deliver = Callable[..., list[Any]]
USED_UP = "today's budget for SMS is used up"
SENDERS = 4
PROCESSES = 3
RESERVING = "tests.integration.notifications.reserving"


@pytest.fixture
def rules(settings: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = settings["notifications"]["sms"]
    return found


@pytest.fixture
def deliver(start: Callable[..., ServiceRunner], order: Order, settled: Settled, sms: FakeServer) -> Deliver:
    def deliver(*users: str, **options: Any) -> list[Any]:
        assert sms.received() == []
        start(UsersService, DeliveriesService)
        order("sms", *users, **options)
        return settled()

    return deliver


def crowd(people: People, count: int) -> list[str]:
    return [people.add(f"user{n}", "sms", phone=f"+254711{n:06d}") for n in range(count)]


def used(rows: Rows) -> int:
    return sum(row["used"] for row in rows("sms_counts") if row["subject"] == "all")


def test_beyond_the_budget_of_a_day_nothing_goes_out_and_one_alarm_is_raised(  # noqa: PLR0913, PLR0917 - fixtures
    people: People,
    deliver: Deliver,
    sms: FakeServer,
    rules: dict[str, Any],
    rows: Rows,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules["daily_budget"] = 3
    deliveries = deliver(*crowd(people, 7))
    assert [one["status"] for one in deliveries] == ["sent"] * 3 + ["cancelled"] * 4
    assert {one["last_error"] for one in deliveries[3:]} == {USED_UP}
    assert len(sms.received()) == used(rows) == 3
    assert [one.levelname for one in caplog.records if "budget" in one.message] == ["ERROR"]


def test_a_number_gets_so_many_a_day_and_is_not_written_down(
    people: People, deliver: Deliver, sms: FakeServer, rules: dict[str, Any], rows: Rows
) -> None:
    rules["per_number"] = 1
    deliveries = deliver(*crowd(people, 2), people.add("again", "sms", phone="+254711000000"), chosen=True)
    assert [one["status"] for one in deliveries] == ["sent", "sent", "sent"]  # two shared a number: one message
    assert len(sms.received()) == used(rows) == 2
    assert not [row for row in rows("sms_counts") if "711" in row["subject"] and len(row["subject"]) < 64]


def test_a_number_that_had_its_share_gets_no_more_and_others_do(
    people: People, deliver: Deliver, order: Order, settled: Settled, rules: dict[str, Any]
) -> None:
    rules["per_number"] = 1
    first, second = crowd(people, 2)
    deliver(first)
    order("sms", first, second)
    assert [(one["status"], one["last_error"]) for one in settled()[1:]] == [
        ("cancelled", "this number has had its 1 SMS for today"),
        ("sent", None),
    ]


@pytest.mark.parametrize(
    ("fault", "counted"),
    [({"close": True}, 1), ({"status": 503}, 1), ({"status": 400, "count": 9}, 0), ({"verdict": 403}, 0)],
    ids=["may have gone out", "may have gone out too", "rejected as a whole", "rejected for this number"],
)
def test_only_what_surely_never_went_out_is_given_back(  # noqa: PLR0913, PLR0917 - fixtures
    people: People, deliver: Deliver, sms: FakeServer, rows: Rows, fault: dict[str, Any], counted: int
) -> None:
    sms.fail(**fault)
    deliver(*crowd(people, 1))
    assert used(rows) == counted
    assert sorted(row["used"] for row in rows("sms_counts")) == [counted, counted]


def test_every_day_has_limits_of_its_own(database: Engine, rows: Rows) -> None:
    counter = Counter(sessions(database), Limits(per_number=1, budget=1, key=b"key"))
    assert [len(counter.reserve(["+254711000001"])[1].granted) for _ in range(2)] == [1, 0]
    with database.begin() as connection:
        connection.execute(update(SmsCount).values(day=clock.now().date() - timedelta(days=1)))
    assert [len(counter.reserve(["+254711000001"])[1].granted) for _ in range(2)] == [1, 0]
    assert used(rows) == 2


@given(budget=st.integers(0, 12), due=st.lists(st.integers(0, 5), min_size=SENDERS, max_size=SENDERS))
@WITH_REAL_SERVICES
def test_senders_at_the_same_time_never_exceed_a_budget(
    database: Engine, rules: dict[str, Any], budget: int, due: list[int]
) -> None:
    with Session(database) as session, session.begin():
        session.query(SmsCount).delete()
    sms = FakeServer(rules["url"])
    account = SmsAccount(rules | {"daily_budget": budget})
    nobody: Any = SimpleNamespace()  # there is no opt-out to tell
    db = sessions(database)

    def send(sender: int) -> list[str]:
        batch = [
            Outgoing(n, "-", f"+25471{sender}{n:06d}", "ada", "message", "Tea", f"number {n}")
            for n in range(due[sender])
        ]  # texts differ: a request each
        return [outcome.status for results in Sms(account, db, nobody).send(batch) for _, outcome in results]

    sending = [eventlet.spawn(send, sender) for sender in range(SENDERS)]
    statuses = [status for one in sending for status in one.wait()]
    assert len(sms.received()) == statuses.count("sent") == min(budget, sum(due))
    assert statuses.count("cancelled") == sum(due) - min(budget, sum(due))


def test_processes_at_the_same_time_never_exceed_a_budget(database: Engine, rows: Rows) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = (sys.executable, "-W", "ignore", "-m", RESERVING, url, "100", "60")
    with ExitStack() as processes:
        running = [
            processes.enter_context(
                subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ours
            )
            for _ in range(PROCESSES)
        ]
        assert [one.stdout.readline() for one in running if one.stdout] == ["ready\n"] * PROCESSES
        granted = [eventlet.spawn(one.communicate, "go\n", timeout=60) for one in running]
        assert sum(int(one.wait()[0]) for one in granted) == used(rows) == 100


def test_giving_back_and_reserving_at_the_same_time_add_up(database: Engine, rows: Rows) -> None:
    counter = Counter(sessions(database), Limits(per_number=1000, budget=None, key=b"key"))
    numbers = ["+254711000001", "+254711000002"]

    def come_and_go(_number: int) -> None:
        for _ in range(5):
            day, decision = counter.reserve(numbers)
            eventlet.sleep(0)
            counter.give_back(day, decision.granted[:1])

    for one in [eventlet.spawn(come_and_go, number) for number in range(4)]:
        one.wait()
    assert sorted(row["used"] for row in rows("sms_counts")) == [0, 20, 20]
