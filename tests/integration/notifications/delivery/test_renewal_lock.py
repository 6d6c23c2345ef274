"""Leases are renewed without waiting for a lock, and results are recorded meanwhile; PostgreSQL only."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from notifications.channels import delivery_results
from notifications.delivery import delivery_store
from tests.integration.notifications.support import CreateDeliveries
from tests.integration.notifications.users_service import Accounts

LEASE = 60  # seconds


def test_renewal_does_not_wait_for_a_result_that_is_being_recorded(
    accounts: Accounts, create_deliveries: CreateDeliveries, database: Engine
) -> None:
    create_deliveries("email", accounts.add("ada", "email"), accounts.add("ben", "email"))
    with Session(database) as session, session.begin():
        claims = delivery_store.claim(session, "email", 10, -1)
    with Session(database) as recording, recording.begin():
        delivery_store.record(recording, [(claims[0], delivery_results.sent())])
        with Session(database) as session, session.begin():
            delivery_store.renew(session, claims, LEASE)
    with Session(database) as session, session.begin():
        assert delivery_store.expired_claims(session, "email", 10) == []
