"""Deliveries are claimed, and what becomes of claims whose sender died."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nameko.runners import ServiceRunner
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from notifications.channels import delivery_results
from notifications.deliveries import DeliveriesService
from notifications.delivery import delivery_store
from notifications.models import Delivery
from tests.integration.notifications.conftest import Order, Rows, Settled
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer

LEASE = 60


def claim(database: Engine, limit: int = 10, channel: str = "email") -> list[delivery_store.Claim]:
    with Session(database) as session, session.begin():
        return delivery_store.claim(session, channel, limit, LEASE)


def let_leases_run_out(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(Delivery).values(due_at=clock.now() - timedelta(seconds=1)))


def test_what_one_sender_claimed_no_other_gets(people: People, order: Order, database: Engine) -> None:
    order("email", *(people.add(f"user{number}", "email") for number in range(5)))
    first, second, third = claim(database, 3), claim(database, 3), claim(database, 3)
    assert (len(first), len(second), len(third)) == (3, 2, 0)
    assert not {one.id for one in first} & {one.id for one in second}


def test_a_claim_says_sending_before_anything_is_sent(
    people: People, order: Order, database: Engine, rows: Rows
) -> None:
    order("sms", people.add("ada", "sms"))
    assert [one.attempt for one in claim(database, channel="sms")] == [1]
    assert [(row["status"], row["attempts"]) for row in rows("deliveries")] == [("sending", 1)]


def test_a_result_that_comes_after_somebody_else_took_over_is_ignored(
    people: People, order: Order, database: Engine, rows: Rows
) -> None:
    order("email", people.add("ada", "email"))
    (late,) = claim(database)
    let_leases_run_out(database)
    with Session(database) as session, session.begin():
        (lost,) = delivery_store.abandoned(session, "email", 10)
        delivery_store.record(session, [(lost, delivery_results.transient("the sender stopped on the way"))])
    assert [one.attempt for one in claim(database)] == [2]
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(late, delivery_results.failed("late"))])
    assert [row["status"] for row in rows("deliveries")] == ["sending"]


def test_a_mail_whose_sender_died_is_sent_again(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    people: People,
    order: Order,
    database: Engine,
    settled: Settled,
    start: Callable[..., ServiceRunner],
    mailbox: FakeServer,
) -> None:
    start(UsersService, DeliveriesService)
    order("email", people.add("ada", "email"))
    claim(database)
    let_leases_run_out(database)
    (delivery,) = settled()
    assert (delivery["status"], delivery["attempts"]) == ("sent", 2)
    assert len(mailbox.received()) == 1


def test_two_senders_at_a_time_send_each_mail_once(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    people: People,
    order: Order,
    settings: dict[str, Any],
    settled: Settled,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    mailbox: FakeServer,
) -> None:
    settings["notifications"]["delivery"]["batch"] = 3
    start(UsersService, DeliveriesService)
    runner_factory(settings, DeliveriesService).start()
    order("email", *(people.add(f"user{number}", "email") for number in range(60)))
    assert {(one["status"], one["attempts"]) for one in settled()} == {("sent", 1)}
    assert len(mailbox.received()) == 60


def test_a_text_message_whose_sender_died_is_unknown(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    people: People,
    order: Order,
    database: Engine,
    settled: Settled,
    start: Callable[..., ServiceRunner],
    sms: FakeServer,
) -> None:
    start(UsersService, DeliveriesService)
    order("sms", people.add("ada", "sms", phone="+254711000001"))
    claim(database, channel="sms")
    let_leases_run_out(database)
    (delivery,) = settled()
    assert (delivery["status"], delivery["last_error"]) == ("unknown", "the sender stopped on the way")
    assert sms.received() == []
