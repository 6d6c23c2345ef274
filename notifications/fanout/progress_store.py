"""SQL of the progress of fan-outs, which is stored in the notifications."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from notifications.inbox.notification_store import Progress
from notifications.models import Notification

_STORED = select(Notification.source, Notification.reached, Notification.done).where(
    Notification.source.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class InterruptedFanout:
    """What is needed to resume a fan-out."""

    post_id: str
    author_id: str | None
    as_of: datetime
    reached: str | None


def interrupted(session: Session, before: datetime, limit: int) -> list[InterruptedFanout]:
    """Return incomplete fan-outs that started before a time, oldest first."""
    as_of = func.coalesce(Notification.as_of, Notification.created_at)  # null in rows of older versions
    query = select(Notification.source.label("post_id"), Notification.author_id, as_of.label("as_of"))
    query = query.add_columns(Notification.reached).where(~Notification.done, Notification.created_at < before)
    rows = session.execute(query.order_by(Notification.created_at).limit(limit))
    return [InterruptedFanout(row.post_id, row.author_id, row.as_of, row.reached) for row in rows]


def stored(session: Session, post_ids: Collection[str]) -> dict[str, Progress]:
    """Return the progress of the fan-outs that have begun, by the ids of their posts."""
    rows = session.connection().execute(_STORED, {"ids": list(post_ids)})
    return {row.source: Progress(row.reached, row.done) for row in rows}


def finish(session: Session, post_ids: Collection[str]) -> None:
    """Mark the fan-outs of posts as complete."""
    change = update(Notification).where(Notification.source.in_(post_ids)).values(done=True)
    session.execute(change, execution_options={"synchronize_session": False})
