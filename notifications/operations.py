"""What operators do to deliveries, in short transactions; each may be repeated at any time."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import ServiceError
from chassis.sessions import Sessions
from notifications import contract, metrics, store_operations
from notifications.channels.breaker import Breaker

BATCH = 500  # rows a transaction
COUNTED = 10_000  # due deliveries of a channel at most: what matters is for how long


def retry(db: Sessions, wanted: contract.Retry) -> contract.Moved:
    """Make the chosen deliveries due again."""
    until, total = clock.now(), 0
    moved = [wanted.since]
    while moved:
        with db.write() as session:
            moved = [*store_operations.revive(session, wanted, moved[-1], until, BATCH)]
        total += len(moved)
    return contract.Moved(deliveries=total)


def park(db: Sessions, wanted: contract.Park) -> contract.Moved:
    """Put the chosen deliveries aside."""
    until, total = clock.now(), 0
    moved = BATCH
    while moved:
        with db.write() as session:
            moved = store_operations.put_aside(session, wanted, until, BATCH)
        total += moved
    return contract.Moved(deliveries=total)


def status(db: Sessions, breakers: Iterable[Breaker]) -> contract.DeliveriesStatus:
    """Tell how the channels are doing."""
    with db.read() as session:
        return contract.DeliveriesStatus(items=[_status(session, breaker) for breaker in breakers])


def measure(db: Sessions, channels: Iterable[contract.DeliveryChannel]) -> None:
    """Note how much is due of each channel, and for how long; without the database nothing is known of it."""
    try:
        with db.read() as session:
            found = {channel: store_operations.due(session, channel, COUNTED) for channel in channels}
    except ServiceError:
        return
    for channel, (number, since) in found.items():
        metrics.DUE.labels(channel).set(number)
        metrics.DUE_AGE.labels(channel).set((clock.now() - since).total_seconds() if since else 0)


def _status(session: Session, breaker: Breaker) -> contract.ChannelStatus:
    return contract.ChannelStatus(
        channel=breaker.channel,
        breaker=breaker.state,
        deliveries=store_operations.counts(session, breaker.channel),
        oldest_due=store_operations.oldest_due(session, breaker.channel),
    )
