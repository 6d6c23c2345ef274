"""SQL of delivery receipts."""

from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import advisory_lock, insert_new
from notifications.channels.delivery_results import DeliveryResult
from notifications.models import Delivery, DeliveryReceipt

_LOCK = 4_207_849_486  # arbitrary key of a PostgreSQL advisory lock


def lock(session: Session, *, shared: bool) -> None:
    """Lock receipts until the commit: shared to store a receipt, exclusive to record what was sent.

    Otherwise each transaction could miss what the other has not committed yet. SQLite has one writer anyway.
    """
    advisory_lock(session, _LOCK, shared=shared)


def add(session: Session, provider_id: str, result: DeliveryResult) -> bool:
    """Store a final result; return False, and change nothing, if there is one already."""
    row = {"provider_id": provider_id, "status": result.status, "reason": result.error, "created_at": clock.now()}
    return insert_new(session, DeliveryReceipt, row)


def apply(session: Session, provider_ids: Collection[str]) -> None:
    """Copy the status of stored receipts to the sent deliveries that they belong to."""
    change = (
        update(Delivery)
        .where(Delivery.provider_id == DeliveryReceipt.provider_id, Delivery.provider_id.in_(provider_ids))
        .where(Delivery.status == "sent")
        .values(status=DeliveryReceipt.status, last_error=DeliveryReceipt.reason, updated_at=clock.now())
    )
    session.execute(change, execution_options={"synchronize_session": False})
