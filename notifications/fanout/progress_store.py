"""SQL of the progress of fan-outs, which is stored in the notifications."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from notifications.models import Notification


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


def finish(session: Session, post_id: str) -> None:
    """Mark the fan-out of a post as complete."""
    change = update(Notification).where(Notification.source == post_id).values(done=True)
    session.execute(change, execution_options={"synchronize_session": False})
