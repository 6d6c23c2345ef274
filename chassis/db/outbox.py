"""The outbox: an event is a row of the transaction that makes it true, and is published after the commit.

The process that wrote a row publishes it straight from memory. It holds a lease; if it dies or the broker is away,
the lease runs out and any relay on the same database takes the row over. So nothing committed is lost, and an event
is published twice only when a process or a connection died, or the broker fell silent, while a confirm was on its way.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.contract import Event
from chassis.db.sql import batch
from chassis.db.tables import outbox
from chassis.ids import new_id
from chassis.observability import correlation

LEASE = timedelta(seconds=10)
_PENDING = "outbox"
_STORED = ("id", "type", "durable", "payload", "request_id", "traceparent")  # of an envelope


def add(session: Session, event: Event) -> None:
    """Put an event into the transaction."""
    moment = clock.now()
    envelope = Envelope(
        id=new_id(),
        type=event.type,
        durable=event.durable,
        payload=event.model_dump(mode="json"),
        request_id=correlation.request_id.get(),
        traceparent=correlation.traceparent.get(),
        leased_until=moment + LEASE,
    )
    row = {
        "id": envelope.id,
        "type": envelope.type,
        "durable": envelope.durable,
        "payload": envelope.payload,
        "request_id": envelope.request_id,
        "traceparent": envelope.traceparent,
        "created_at": moment,
        "leased_until": envelope.leased_until,
    }
    session.connection().execute(insert(outbox), row)  # by parameters: `.values()` costs four times as much
    session.info.setdefault(_PENDING, []).append(envelope)


def taken_from(session: Session) -> list[Envelope]:
    """Return the events of a transaction that has just been committed."""
    pending: list[Envelope] = session.info.pop(_PENDING, [])
    return pending


def take_over(session: Session, limit: int) -> list[Envelope]:
    """Lease rows whose lease ran out, those that have waited longest for it first.

    Not the oldest first: rows that nobody listens to, given back again and again, would keep all others waiting.
    """
    moment = clock.now()
    expired = select(outbox.c.id).where(outbox.c.leased_until < moment).order_by(outbox.c.leased_until, outbox.c.id)
    rows = session.execute(
        update(outbox)
        .where(outbox.c.id.in_(batch(expired, limit)))
        .values(leased_until=moment + LEASE)
        .returning(*(outbox.c[name] for name in _STORED))
    )
    envelopes = [Envelope(*row) for row in rows]
    return sorted(envelopes, key=lambda envelope: envelope.id)


def remove(session: Session, ids: Iterable[str]) -> None:
    """Forget what the broker has confirmed."""
    session.execute(delete(outbox).where(outbox.c.id.in_(list(ids))))


def give_back(session: Session, ids: Sequence[str], until: datetime) -> None:
    """Let anybody take these rows over from that moment on."""
    session.execute(update(outbox).where(outbox.c.id.in_(list(ids))).values(leased_until=until))


def depth_and_age(session: Session) -> tuple[int, float]:
    """Return how many events wait, and for how many seconds the oldest does."""
    count, oldest = session.execute(select(func.count(), func.min(outbox.c.created_at))).one()
    return count, (clock.now() - oldest).total_seconds() if oldest else 0.0
