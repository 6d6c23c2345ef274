"""What operators do to deliveries, in short transactions. Each call may be repeated."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from notifications import contract, metrics
from notifications.channels.breaker import Breaker
from notifications.delivery import admin_store

BATCH = 500  # rows per transaction
MAX_COUNTED = 10_000  # due deliveries per channel; for an alert their age matters more


def retry(db: UnitOfWork, request: contract.RetryDeliveries) -> contract.MovedDeliveries:
    """Make the selected deliveries due again."""
    since, until, total = request.since, clock.now(), 0
    while True:
        with db.write() as session:
            moved = admin_store.make_due(session, request, since, until, BATCH)
        if not moved:
            return contract.MovedDeliveries(deliveries=total)
        since, total = moved[-1], total + len(moved)


def park(db: UnitOfWork, request: contract.ParkDeliveries) -> contract.MovedDeliveries:
    """Cancel the selected pending deliveries."""
    until, total = clock.now(), 0
    moved = BATCH
    while moved:
        with db.write() as session:
            moved = admin_store.cancel(session, request, until, BATCH)
        total += moved
    return contract.MovedDeliveries(deliveries=total)


def status(db: UnitOfWork, breakers: Iterable[Breaker]) -> contract.DeliveriesStatus:
    """Return the state of the channels."""
    with db.read() as session:
        return contract.DeliveriesStatus(items=[_status(session, breaker) for breaker in breakers])


def measure(db: UnitOfWork, channels: Iterable[contract.DeliveryChannel]) -> None:
    """Set the metrics of due deliveries; without the database they keep their values."""
    try:
        with db.read() as session:
            due = {channel: admin_store.due(session, channel, MAX_COUNTED) for channel in channels}
            codes = {channel: admin_store.oldest_due_code(session, channel) for channel in due}
    except ServiceError:
        return
    for channel, (number, oldest) in due.items():
        metrics.DUE.labels(channel).set(number)
        metrics.DUE_AGE.labels(channel).set(_age(oldest))
        metrics.CODES_DUE_AGE.labels(channel).set(_age(codes[channel]))


def _age(since: datetime | None) -> float:
    return (clock.now() - since).total_seconds() if since else 0


def _status(session: Session, breaker: Breaker) -> contract.ChannelStatus:
    return contract.ChannelStatus(
        channel=breaker.channel,
        breaker=breaker.state,
        deliveries=admin_store.counts(session, breaker.channel),
        oldest_due=admin_store.oldest_due(session, breaker.channel),
    )
