"""SQL of the consumer's side: its cursors, and the events that it awaits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.orm import Session

from chassis.db.sql import batch, insert_new, upsert
from chassis.db.tables import awaited_events, event_cursors

# Statements that each process runs every few seconds, built once: building them costs more than running them.
_CURSORS = select(event_cursors).where(event_cursors.c.handler.in_(bindparam("handlers", expanding=True)))
_WAITING = (
    select(awaited_events.c.handler)
    .where(awaited_events.c.handler.in_(bindparam("handlers", expanding=True)))
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position up to which a handler has read the log, and the time before which events do not concern it."""

    position: int
    since: datetime


def cursors(session: Session, handlers: Iterable[str]) -> dict[str, Cursor]:
    """Return the cursors of handlers; those that never ran are missing."""
    rows = session.connection().execute(_CURSORS, {"handlers": list(handlers)})
    return {row.handler: Cursor(row.position, row.since) for row in rows}


def create_cursor(session: Session, handler: str, since: datetime) -> None:
    """Create a handler's cursor, unless another process has."""
    insert_new(session, event_cursors, {"handler": handler, "position": 0, "since": since})


def advance(session: Session, handler: str, before: int, after: int) -> bool:
    """Move a cursor, unless another process has moved it; return whether it was moved."""
    at_position = (event_cursors.c.handler == handler) & (event_cursors.c.position == before)
    moved = session.execute(
        update(event_cursors).where(at_position).values(position=after).returning(event_cursors.c.handler)
    )
    return moved.first() is not None


def add(session: Session, handler: str, events: Sequence[tuple[str, int]], check_after: datetime) -> None:
    """Await these events (id, position), unless they are marked as handled; the marks are removed."""
    if not events:
        return
    ids = [event_id for event_id, _ in events]
    marked = delete(awaited_events).where(_these(handler, ids), awaited_events.c.position.is_(None))
    handled = set(session.scalars(marked.returning(awaited_events.c.event_id)))
    rows = [
        {"handler": handler, "event_id": event_id, "position": position, "check_after": check_after}
        for event_id, position in events
        if event_id not in handled
    ]
    if rows:
        session.connection().execute(upsert(session, awaited_events).on_conflict_do_nothing(), rows)


def mark_handled(session: Session, handler: str, ids: Sequence[str], until: datetime) -> None:
    """Mark events as handled: awaited ones are removed, the others until the log is read, or until a time."""
    if not ids:
        return
    removed = set(remove(session, handler, ids))
    rows = [
        {"handler": handler, "event_id": event_id, "position": None, "check_after": until}
        for event_id in ids
        if event_id not in removed
    ]
    if rows:
        session.connection().execute(upsert(session, awaited_events).on_conflict_do_nothing(), rows)


def waiting_handlers(session: Session, handlers: Iterable[str]) -> set[str]:
    """Return which of these handlers await events or have marks."""
    return set(session.connection().scalars(_WAITING, {"handlers": list(handlers)}))


def remove(session: Session, handler: str, ids: Sequence[str]) -> list[str]:
    """Stop awaiting events; return the ids of those that were awaited."""
    if not ids:
        return []
    statement = delete(awaited_events).where(_these(handler, ids), awaited_events.c.position.is_not(None))
    return list(session.scalars(statement.returning(awaited_events.c.event_id)))


def remove_old_marks(session: Session, handler: str, now: datetime) -> None:
    """Remove the marks of events that did not appear in the log."""
    of_handler = (awaited_events.c.handler == handler) & awaited_events.c.position.is_(None)
    session.execute(delete(awaited_events).where(of_handler, awaited_events.c.check_after < now))


def postpone(session: Session, handler: str, ids: Sequence[str], check_after: datetime) -> None:
    """Await these events for longer."""
    if ids:
        session.execute(
            update(awaited_events)
            .where(_these(handler, ids), awaited_events.c.position.is_not(None))
            .values(check_after=check_after)
        )


def is_missing(session: Session, handler: str, now: datetime) -> bool:
    """Return whether an event is awaited for too long."""
    missing = select(awaited_events.c.event_id).where(awaited_events.c.handler == handler)
    missing = missing.where(awaited_events.c.check_after < now, awaited_events.c.position.is_not(None))
    return session.scalar(missing.limit(1)) is not None


def claim_missing(session: Session, handler: str, now: datetime, until: datetime, limit: int) -> dict[int, str]:
    """Return the ids of events that are awaited for too long, by position; other processes get them after `until`."""
    missing = (
        select(awaited_events.c.event_id)
        .where(awaited_events.c.handler == handler, awaited_events.c.check_after < now)
        .where(awaited_events.c.position.is_not(None))
        .order_by(awaited_events.c.check_after)
    )
    rows = session.execute(
        update(awaited_events)
        .where(awaited_events.c.handler == handler, awaited_events.c.event_id.in_(batch(missing, limit)))
        .values(check_after=until)
        .returning(awaited_events.c.position, awaited_events.c.event_id)
    )
    return {row.position: row.event_id for row in rows}


def _these(handler: str, ids: Sequence[str]) -> ColumnElement[bool]:
    return (awaited_events.c.handler == handler) & awaited_events.c.event_id.in_(ids)
