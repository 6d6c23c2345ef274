"""Senders claim deliveries, and claims expire when a sender crashes."""

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
from tests.integration.notifications.support import CreateDeliveries, Deliveries, Rows, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer

LEASE = 60  # seconds


def claim(database: Engine, limit: int = 10, channel: str = "email") -> list[delivery_store.Claim]:
    with Session(database) as session, session.begin():
        return delivery_store.claim(session, channel, limit, LEASE)


def test_delivery_is_claimed_by_one_sender_only(
    accounts: Accounts, create_deliveries: CreateDeliveries, database: Engine
) -> None:
    create_deliveries("email", *(accounts.add(f"user{number}", "email") for number in range(5)))
    first, second, third = claim(database, 3), claim(database, 3), claim(database, 3)
    assert (len(first), len(second), len(third)) == (3, 2, 0)
    assert not {claimed.id for claimed in first} & {claimed.id for claimed in second}


def test_late_result_of_an_expired_claim_is_ignored(
    accounts: Accounts, create_deliveries: CreateDeliveries, database: Engine, rows: Rows
) -> None:
    create_deliveries("email", accounts.add("ada", "email"))
    (late,) = claim(database)
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(due_at=clock.now() - timedelta(seconds=1)))
        (expired,) = delivery_store.expired_claims(session, "email", 10)
        delivery_store.record(session, [(expired, delivery_results.transient("the sender stopped on the way"))])
    assert [claimed.attempt for claimed in claim(database)] == [2]
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(late, delivery_results.failed("late"))])
    assert values(rows("deliveries"), "status") == ["sending"]


def test_concurrent_senders_send_each_email_once(  # noqa: PLR0913, PLR0917 - fixtures
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    settings: dict[str, Any],
    finished: Deliveries,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    mailbox: FakeServer,
) -> None:
    settings["notifications"]["delivery"]["batch"] = 3
    start(UsersService, DeliveriesService)
    runner_factory(settings, DeliveriesService).start()
    create_deliveries("email", *(accounts.add(f"user{number}", "email") for number in range(60)))
    assert set(values(finished(), "status", "attempts")) == {("sent", 1)}
    assert len(mailbox.received()) == 60
