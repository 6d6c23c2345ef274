"""The transactional outbox: an event is a row of the transaction that it reports, and is published after the commit.

The process that wrote a row publishes it from memory, and holds a lease on the row. If the process ends or the broker
is unavailable, the lease expires, and any relay on the same database publishes the row. So a committed event is never
lost. It is published twice only if a process or connection ends, or the broker does not reply, before a confirm
arrives.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from chassis import clock
from chassis.amqp.envelope import Envelope
from chassis.contract import Event
from chassis.db.columns import UtcDateTime
from chassis.db.outbox import event_log
from chassis.db.sql import batch
from chassis.db.tables import outbox
from chassis.ids import new_id
from chassis.observability import correlation

LEASE = timedelta(seconds=8)
_EVENTS = "outbox"  # key of a session's info
_INSERT = insert(outbox)
_COLUMNS = ("id", "type", "durable", "payload", "request_id", "traceparent", "leased_until")  # as in Envelope
_REMOVE = delete(outbox).where(outbox.c.id.in_(bindparam("ids", expanding=True)))
_DEPTH_AND_AGE = select(func.count(), func.min(outbox.c.created_at))


@cache
def _lease_expired(limit: int) -> ReturningUpdate[Any]:
    """Build the statement; cached, because building it costs more than running it."""
    now = bindparam("now", type_=UtcDateTime)
    expired = select(outbox.c.id).where(outbox.c.leased_until < now).order_by(outbox.c.leased_until, outbox.c.id)
    return (
        update(outbox)
        .where(outbox.c.id.in_(batch(expired, limit)))
        .values(leased_until=bindparam("until", type_=UtcDateTime))
        .returning(*(outbox.c[name] for name in _COLUMNS))
    )


def add(session: Session, event: Event) -> None:
    """Add an event to the transaction."""
    now = clock.now()
    envelope = Envelope(
        id=new_id(),
        type=event.type,
        durable=event.durable,
        payload=event.model_dump(mode="json"),
        request_id=correlation.request_id.get(),
        traceparent=correlation.traceparent.get(),
        leased_until=now + LEASE,
    )
    row = {name: getattr(envelope, name) for name in _COLUMNS} | {"created_at": now}
    session.connection().execute(_INSERT, row)  # as parameters: `.values()` costs four times as much
    session.info.setdefault(_EVENTS, []).append(envelope)


def pop_committed(session: Session) -> list[Envelope]:
    """Return the events of a transaction that was just committed, and remove them from the session."""
    envelopes: list[Envelope] = session.info.pop(_EVENTS, [])
    return envelopes


def lease_expired(session: Session, limit: int) -> list[Envelope]:
    """Lease up to `limit` rows whose lease has expired, those that expired first.

    Rows that were given back come first, in the order of their creation. Events without a queue, which are released
    again and again, come last; else they would block all others.
    """
    now = clock.now()
    rows = session.connection().execute(_lease_expired(limit), {"now": now, "until": now + LEASE})
    envelopes = [Envelope(*row) for row in rows]
    return sorted(envelopes, key=lambda envelope: envelope.id)


def give_back(session: Session, leases: Iterable[tuple[str, datetime]]) -> None:
    """End these leases (id, end) at the time when their rows were created, so that they are the next to be leased.

    A row that another process has leased since is not changed.
    """
    change = update(outbox).where(outbox.c.id == bindparam("row"), outbox.c.leased_until == bindparam("end"))
    parameters = [{"row": row, "end": end} for row, end in leases]
    session.connection().execute(change.values(leased_until=outbox.c.created_at), parameters)


def release(session: Session, ids: Sequence[str], until: datetime) -> None:
    """Set the end of the lease of these rows, after which any process may publish them."""
    session.execute(update(outbox).where(outbox.c.id.in_(list(ids))).values(leased_until=until))


def remove(session: Session, ids: Iterable[str]) -> None:
    """Delete events that the broker has confirmed; the event log keeps the durable ones."""
    confirmed = list(ids)
    event_log.append(session, confirmed)
    session.connection().execute(_REMOVE, {"ids": confirmed})


def depth_and_age(session: Session) -> tuple[int, float]:
    """Return the number of events in the outbox, and the age of the oldest in seconds."""
    count, oldest = session.connection().execute(_DEPTH_AND_AGE).one()
    return count, (clock.now() - oldest).total_seconds() if oldest else 0.0
