"""Senders claim deliveries, and claims expire when a sender crashes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, event, text, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from notifications.channels import delivery_results
from notifications.deliveries import DeliveriesService
from notifications.delivery import delivery_store
from notifications.models import Delivery
from tests.integration.conftest import Until
from tests.integration.notifications.support import CreateDeliveries, Deliveries, Rows, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer

LEASE = 60  # seconds

Look = Callable[[Session], object]


def claim(database: Engine, limit: int = 10, lease: float = LEASE) -> list[delivery_store.Claim]:
    with Session(database) as session, session.begin():
        return delivery_store.claim(session, "email", limit, lease)


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


def test_renewed_claim_does_not_expire(
    accounts: Accounts, create_deliveries: CreateDeliveries, database: Engine
) -> None:
    create_deliveries("email", accounts.add("ada", "email"))
    claims = claim(database, lease=-1)
    with Session(database) as session, session.begin():
        assert delivery_store.expired_claims(session, "email", 10) == claims
        delivery_store.renew(session, claims, LEASE)
        assert not delivery_store.expired_claims(session, "email", 10)


def test_claim_that_another_sender_took_over_is_not_renewed(
    accounts: Accounts, create_deliveries: CreateDeliveries, database: Engine
) -> None:
    create_deliveries("email", accounts.add("ada", "email"))
    claims = claim(database, lease=-1)
    with Session(database) as session, session.begin():
        delivery_store.record(session, [(claims[0], delivery_results.transient("the sender stopped on the way"))])
    (later,) = claim(database, lease=-1)
    with Session(database) as session, session.begin():
        delivery_store.renew(session, claims, LEASE)
        assert delivery_store.expired_claims(session, "email", 10) == [later]


@pytest.mark.parametrize("stops", [False, True], ids=["running", "stopping"])
def test_slow_provider_does_not_let_claims_of_a_living_process_expire(
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    settings: dict[str, Any],
    finished: Deliveries,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    until: Until,
    mailbox: FakeServer,
    stops: bool,  # noqa: FBT001 - a parameter
) -> None:
    settings["notifications"]["delivery"]["lease"] = 2
    mailbox.fail(hang=6)
    first = start(UsersService, DeliveriesService)
    create_deliveries("email", accounts.add("ada", "email"))
    until(mailbox.received)
    runner_factory(settings, DeliveriesService).start()
    if stops:
        first.stop()
    assert values(finished(), "status", "attempts") == [("sent", 1)]
    assert len(mailbox.received()) == 1


def test_email_of_a_dead_process_is_due_when_its_lease_has_ended(
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    settings: dict[str, Any],
    finished: Deliveries,
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    database: Engine,
) -> None:
    settings["notifications"]["delivery"] |= {"lease": 150, "backoff": [120]}
    start(UsersService)
    create_deliveries("email", accounts.add("ada", "email"))
    claim(database, lease=-1)
    runner_factory(settings, DeliveriesService).start()
    assert values(finished(), "status", "attempts") == [("sent", 2)]


def steps(database: Engine, look: Look) -> int:
    """Return how many hundred steps SQLite needs."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    with Session(database) as session, session.begin():
        sqlite: Any = session.connection().connection.driver_connection
        sqlite.set_progress_handler(count, 100)
        look(session)
        sqlite.set_progress_handler(None, 0)
    return steps[0]


def pages(database: Engine, look: Look) -> int:
    """Return how many pages PostgreSQL reads."""
    found: list[Any] = []
    with Session(database) as session, session.begin():
        event.listen(database, "before_cursor_execute", lambda *args: found.append(args[2:4]), once=True)
        look(session)
        statement, parameters = found[-1]
        cursor = session.connection().connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        (((explained,),),) = cursor.fetchall()
        plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


LOOKS: dict[str, tuple[str, Look]] = {
    "expired claims among due deliveries": ("pending", lambda s: delivery_store.expired_claims(s, "email", 10)),
    "due deliveries among claimed ones": ("sending", lambda s: delivery_store.claim(s, "email", 10, LEASE)),
    "anything due among sent ones": ("sent", lambda s: delivery_store.any_due(s, "email")),
}


@pytest.mark.parametrize(("others", "look"), LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("counted", ["pending", "sending", "sent"])
def test_looking_for_work_costs_the_same_with_many_other_deliveries(
    create_deliveries: CreateDeliveries, database: Engine, others: str, look: Look, counted: str
) -> None:
    """Whatever statuses the deliveries had when the database last counted them for its plans."""
    cost = steps if database.dialect.name == "sqlite" else pages
    create_others(database, create_deliveries, 300, counted)
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE deliveries" if cost is steps else "VACUUM (FULL, ANALYZE) deliveries"))
    create_others(database, create_deliveries, 0, others)
    few = cost(database, look)
    create_others(database, create_deliveries, 5000, others)
    assert cost(database, look) <= few + 10  # a deeper index; to read the table costs ten times as much


def create_others(database: Engine, create_deliveries: CreateDeliveries, number: int, status: str) -> None:
    """Create deliveries, and give all a status in which the tested statement does not look for them."""
    create_deliveries("email", *(new_id() for _ in range(number)))
    later = clock.now() + timedelta(hours=1)
    due_at = {"pending": clock.now(), "sending": later, "sent": None}[status]
    with database.begin() as connection:
        changed = update(Delivery).where(Delivery.status != status)
        connection.execute(changed.values(status=status, due_at=due_at))


def test_concurrent_senders_send_each_email_once(
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
    create_deliveries("email", *(accounts.add(f"user{number}", "email") for number in range(30)))
    assert set(values(finished(), "status", "attempts")) == {("sent", 1)}
    assert len(mailbox.received()) == 30
