"""SQL of deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import batch, insert_each
from notifications.channels.delivery_results import Outcome
from notifications.channels.sms import sms_store
from notifications.models import Delivery, Notification
from users.contract import Channel


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until its lease ends; `attempt` counts from 1."""

    id: int
    notification_id: str
    user_id: str
    attempt: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What a notification says."""

    kind: str
    title: str
    message: str


def add(session: Session, notification_id: str, wanted: Mapping[Channel, Sequence[str]], *, chosen: bool) -> None:
    """Order deliveries by channel and user, due at once; those that exist already stay as they are."""
    moment = clock.now()
    same = {
        "notification_id": notification_id,
        "chosen": chosen,
        "status": "pending",
        "attempts": 0,
        "due_at": moment,
        "updated_at": moment,
    }
    for channel, users in wanted.items():
        if users:
            insert_each(session, Delivery, "user_id", users, {"channel": channel, **same})


def claim(session: Session, channel: str, limit: int, lease: float) -> list[Claim]:
    """Take deliveries that are due, oldest first; they are `sending` from the commit on."""
    moment = clock.now()
    due = _due(channel, "pending").order_by(Delivery.due_at)
    change = (
        update(Delivery)
        .where(Delivery.id.in_(batch(due, limit)))
        .values(
            status="sending",
            attempts=Delivery.attempts + 1,
            due_at=moment + timedelta(seconds=lease),
            updated_at=moment,
        )
        .returning(*_CLAIM)
    )
    claims = (Claim(*row) for row in session.execute(change, execution_options=_CORE))
    return sorted(claims, key=lambda claim: claim.id)


def abandoned(session: Session, channel: str, limit: int) -> list[Claim]:
    """Return claims whose lease ran out: their sender died, or is slower than it may be."""
    query = select(*_CLAIM).where(Delivery.id.in_(batch(_due(channel, "sending"), limit)))
    return [Claim(*row) for row in session.execute(query)]


def record(session: Session, results: Sequence[tuple[Claim, Outcome]]) -> None:
    """Store what came of claims. One that somebody else has claimed since stays theirs."""
    if not results:
        return
    provider_ids = [outcome.provider_id for _, outcome in results if outcome.provider_id]
    if provider_ids:
        sms_store.take_report_turn(session, alone=True)
    change = (
        update(Delivery)
        .where(Delivery.id == bindparam("claimed"), Delivery.attempts == bindparam("attempt"))
        .where(or_(Delivery.status == "sending", Delivery.status == "unknown"))
    )
    session.connection().execute(change, [_change(claimed, outcome) for claimed, outcome in results])
    if provider_ids:  # a report may have been faster than we
        sms_store.settle(session, provider_ids)


def texts(session: Session, notification_ids: Iterable[str]) -> dict[str, Words]:
    """Return what to say, by notification."""
    query = select(Notification.id, Notification.kind, Notification.title, Notification.message)
    rows = session.execute(query.where(Notification.id.in_(set(notification_ids))))
    return {row.id: Words(row.kind, row.title, row.message) for row in rows}


_CLAIM = (Delivery.id, Delivery.notification_id, Delivery.user_id, Delivery.attempts, Delivery.chosen)
_CORE = {"synchronize_session": False}


def _due(channel: str, status: str) -> Select[int]:
    query = select(Delivery.id).where(Delivery.channel == channel, Delivery.status == status)
    return query.where(Delivery.due_at <= clock.now())


def _change(claimed: Claim, outcome: Outcome) -> dict[str, object]:
    moment = clock.now()
    due_at = moment + timedelta(seconds=outcome.delay) if outcome.status == "pending" else None
    return {
        "claimed": claimed.id,
        "attempt": claimed.attempt,
        "attempts": claimed.attempt - (not outcome.tried),
        "status": outcome.status,
        "due_at": due_at,
        "last_error": outcome.error,
        "provider_id": outcome.provider_id,
        "updated_at": moment,
    }
