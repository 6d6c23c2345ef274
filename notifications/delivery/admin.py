"""What operators do to deliveries, in short transactions; each may be repeated at any time."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from notifications import contract, metrics
from notifications.channels.breaker import Breaker
from notifications.delivery import admin_store

BATCH = 500  # rows a transaction
COUNTED = 10_000  # due deliveries of a channel at most: what matters is for how long


def retry(db: UnitOfWork, wanted: contract.RetryDeliveries) -> contract.MovedDeliveries:
    """Make the chosen deliveries due again."""
    until, total = clock.now(), 0
    moved = [wanted.since]
    while moved:
        with db.write() as session:
            moved = [*admin_store.revive(session, wanted, moved[-1], until, BATCH)]
        total += len(moved)
    return contract.MovedDeliveries(deliveries=total)


def park(db: UnitOfWork, wanted: contract.ParkDeliveries) -> contract.MovedDeliveries:
    """Put the chosen deliveries aside."""
    until, total = clock.now(), 0
    moved = BATCH
    while moved:
        with db.write() as session:
            moved = admin_store.put_aside(session, wanted, until, BATCH)
        total += moved
    return contract.MovedDeliveries(deliveries=total)


def status(db: UnitOfWork, breakers: Iterable[Breaker]) -> contract.DeliveriesStatus:
    """Tell how the channels are doing."""
    with db.read() as session:
        return contract.DeliveriesStatus(items=[_status(session, breaker) for breaker in breakers])


def measure(db: UnitOfWork, channels: Iterable[contract.DeliveryChannel]) -> None:
    """Note how much is due of each channel, and for how long; without the database nothing is known of it."""
    try:
        with db.read() as session:
            found = {channel: admin_store.due(session, channel, COUNTED) for channel in channels}
    except ServiceError:
        return
    for channel, (number, since) in found.items():
        metrics.DUE.labels(channel).set(number)
        metrics.DUE_AGE.labels(channel).set((clock.now() - since).total_seconds() if since else 0)


def _status(session: Session, breaker: Breaker) -> contract.ChannelStatus:
    return contract.ChannelStatus(
        channel=breaker.channel,
        breaker=breaker.state,
        deliveries=admin_store.counts(session, breaker.channel),
        oldest_due=admin_store.oldest_due(session, breaker.channel),
    )
