"""What operators do to deliveries, in short transactions; each may be repeated at any time."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from chassis import clock
from chassis.sessions import Sessions
from notifications import contract, store_operations
from notifications.channels.breaker import Breaker

BATCH = 500  # rows a transaction


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


def _status(session: Session, breaker: Breaker) -> contract.ChannelStatus:
    return contract.ChannelStatus(
        channel=breaker.channel,
        breaker=breaker.state,
        deliveries=store_operations.counts(session, breaker.channel),
        oldest_due=store_operations.oldest_due(session, breaker.channel),
    )
