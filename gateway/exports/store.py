"""SQL of exports."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import delete_batch, insert_new
from chassis.ids import new_id
from gateway.models import ExportChunk, ExportRow

MAKING, READY, FAILED = "making", "ready", "failed"


@dataclass(frozen=True, slots=True)
class Claim:
    """An export that one process may work on until its lease ends."""

    id: str
    user_id: str
    state: str
    requested_at: datetime
    expires_at: datetime
    lease: int
    source: str
    cursor: str | None


def newest(session: Session, user_id: str) -> dict[str, ExportRow]:
    """Return the newest export of a user in each state; in one query, because the state may change between two."""
    query = select(ExportRow).where(ExportRow.user_id == user_id, ExportRow.expires_at > clock.now())
    return {row.state: row for row in session.scalars(query.order_by(ExportRow.requested_at))}


def count_since(session: Session, user_id: str, since: datetime) -> tuple[int, datetime | None]:
    """Count a user's exports since a time, without failed ones; return also when the first was requested."""
    query = select(func.count(), func.min(ExportRow.requested_at)).where(ExportRow.user_id == user_id)
    number, first = session.execute(query.where(ExportRow.requested_at > since, ExportRow.state != FAILED)).one()
    return number, first


def add(session: Session, user_id: str, source: str, keep: timedelta) -> bool:
    """Add an export that is due; return False if one of the user is being made."""
    now = clock.now()
    row = {"id": new_id(), "user_id": user_id, "state": MAKING, "requested_at": now, "expires_at": now + keep}
    return insert_new(session, ExportRow, row | {"due_at": now, "lease": 0, "source": source, "chunks": 0})


def claim(session: Session, lease: float) -> Claim | None:
    """Claim the export that is due for longest, for `lease` seconds."""
    now = clock.now()
    query = select(ExportRow).where(ExportRow.due_at <= now).order_by(ExportRow.due_at).limit(1)
    row = session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    row.due_at, row.lease = now + timedelta(seconds=lease), row.lease + 1
    return Claim(row.id, row.user_id, row.state, row.requested_at, row.expires_at, row.lease, row.source, row.cursor)


def held(session: Session, claimed: Claim) -> ExportRow | None:
    """Return a claimed export, locked until the commit; None if it was deleted, or another process claimed it since."""
    query = select(ExportRow).where(ExportRow.id == claimed.id, ExportRow.lease == claimed.lease)
    return session.scalar(query.with_for_update())


def add_chunks(session: Session, row: ExportRow, chunks: Iterable[tuple[str, bytes]]) -> None:
    """Append pairs of section and content."""
    values = [
        {"export_id": row.id, "number": row.chunks + number, "section": section, "content": content}
        for number, (section, content) in enumerate(chunks)
    ]
    if values:
        session.execute(insert(ExportChunk), values)
        row.chunks += len(values)


def delete_chunks(session: Session, row: ExportRow) -> None:
    """Delete the content of an export."""
    session.execute(delete(ExportChunk).where(ExportChunk.export_id == row.id))


def expire_older(session: Session, row: ExportRow, expires_at: datetime) -> None:
    """Let the user's exports before this one expire at a time, unless they expire earlier."""
    older = update(ExportRow).where(ExportRow.user_id == row.user_id, ExportRow.id != row.id)
    session.execute(older.where(ExportRow.expires_at > expires_at).values(expires_at=expires_at))


def delete_of(session: Session, user_id: str) -> None:
    """Delete all exports of a user, also one that is being made."""
    session.execute(delete(ExportRow).where(ExportRow.user_id == user_id))


def delete_expired(session: Session, limit: int) -> int:
    """Delete expired exports with their content; return how many."""
    return delete_batch(session, ExportRow, limit, ExportRow.expires_at < clock.now(), ExportRow.state != MAKING)


def chunks(session: Session, export_id: str) -> list[tuple[str, int]]:
    """Return the section and the number of each chunk, in order."""
    query = select(ExportChunk.section, ExportChunk.number).where(ExportChunk.export_id == export_id)
    return [(row.section, row.number) for row in session.execute(query.order_by(ExportChunk.number))]


def content(session: Session, export_id: str, number: int) -> bytes | None:
    """Return the content of a chunk; None if it was deleted."""
    query = select(ExportChunk.content).where(ExportChunk.export_id == export_id, ExportChunk.number == number)
    return session.scalar(query)
